"""The pages for the programs that hear OSC."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from effects.models import OSCTarget
from effects.outside import hosts, osc, osc_changes
from pixelbot_site.kit.admin import ModelAdmin, NamedMixin, log_deed
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.transactions import after_commit

TEST_ADDRESS = "/pixelbot/test"


class OSCTargetForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where the program is; a place to which OSC may not be sent is refused beside its field."""

    class Meta:
        model = OSCTarget
        fields = ("name", "host", "port", "enabled")

    def clean_host(self) -> str:
        """Return the host. Refuse one that is neither this PC nor in a private network."""
        host = str(self.cleaned_data["host"])
        try:
            hosts.resolve(host, 1)
        except Failed as error:
            sentence = str(error)
            raise forms.ValidationError(f"{sentence[:1].upper()}{sentence[1:]}.") from None
        return host


@admin.register(OSCTarget)
class OSCTargetAdmin(NamedMixin, ModelAdmin):
    """The targets, with a button that sends something to one."""

    named_as = "osc_target"
    form = OSCTargetForm
    list_display = ("name", "host", "port", "enabled")
    change_form_template = "admin/effects/osctarget/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the test button."""
        view = self.admin_site.admin_view(self.test_view)
        return [path("<int:target_id>/test/", view, name="effects_osc_test"), *super().get_urls()]

    def test_view(self, request: HttpRequest, target_id: int) -> HttpResponse:
        """Send a value to the saved target, even if it is switched off."""
        if request.method != "POST" or not request.user.has_perm("effects.change_osctarget"):
            raise PermissionDenied
        target = get_object_or_404(OSCTarget, pk=target_id)
        try:
            endpoint = hosts.resolve(target.host, target.port)
            osc.send(endpoint, osc.Message(TEST_ADDRESS, 1))
        except Failed as error:
            messages.error(request, f"Nothing was sent: {error}.")
        else:
            where = f"{endpoint.ip} port {endpoint.port}"
            sentence = f"Sent {TEST_ADDRESS} with the number 1 to {where}. Nobody answers: look there whether it came."
            self.message_user(request, sentence)
            log_deed(request, OSCTarget, "Sent a test.", target.pk)
        return redirect("admin:effects_osctarget_change", target.pk)

    def delete_model(self, request: HttpRequest, obj: OSCTarget) -> None:
        """Delete a target, and send back what lasts there."""
        self._send_back_after_commit(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete several targets, and send back what lasts there."""
        for target in queryset:
            self._send_back_after_commit(target)
        super().delete_queryset(request, queryset)

    def _send_back_after_commit(self, target: OSCTarget) -> None:
        # Read before its rows are gone with it; sent after the commit, since finding the host can take seconds.
        left = osc_changes.resting(target)
        if left:
            after_commit(osc_changes.send_all, target, left)
