"""The dashboard's index in the streamer's words: models by what they are for, and not by the app they are in."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import slugify

from pixelbot_site.index import board, guide, lamps
from pixelbot_site.index.choice import choice
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.admin import typed_before
from pixelbot_site.logins.guesses import LoginForm

# A model that is named nowhere stands in the last section, so that nothing is hidden.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Tonight": (
        "effects.queueitem",
        "joystick.inboundevent",
        "economy.presence",
        "joystick.stream",
    ),
    "Viewers": ("economy.viewer", "economy.merge", "economy.item", "economy.itemgrant"),
    "Redeems and wheel": ("redeems.redeem", "effects.prize", "effects.wheelline", "effects.spin"),
    "What happens when": (
        "joystick.reaction",
        "effects.savedsequence",
        "economy.levelreward",
    ),
    "Chat": (
        "joystick.customcommand",
        "joystick.builtincommand",
        "joystick.timer",
        "joystick.timergroup",
        "joystick.counter",
        "joystick.quote",
        "joystick.shoutout",
        "joystick.chatfilter",
        "joystick.moderatedline",
        "effects.aireplies",
        "pixelbot_site.phrasetext",
    ),
    "Media and sounds": ("effects.media", "effects.sound"),
    "Voice": ("effects.speechsource", "effects.wordfilter", "effects.viewervoice"),
    "Overlay and OBS": ("effects.overlay", "effects.obsconnection", "effects.osctarget", "effects.webhooktarget"),
    "Books": ("economy.transaction", "economy.xptransaction", "economy.batch", "economy.audit"),
    "Set-up": ("joystick.install", "joystick.connection", "joystick.gap", "pixelbot_site.apitoken"),
    "Logins": ("auth.user", "auth.group", "pixelbot_site.invitation", "admin.logentry"),
}
# Pages whose model's own name says too little.
NAMES = {"admin.logentry": "What staff did"}


def section_of(label: str) -> str:
    """Return the section in which a model stands, by its label in lower case."""
    return next((name for name, labels in SECTIONS.items() if label in labels), list(SECTIONS)[-1])


class Dashboard(AdminSite):
    """Django's admin, with the index in sections."""

    site_header = "Pixel Bot"
    site_title = "Pixel Bot"
    index_title = "Your channel"
    login_form = LoginForm

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what goes on above Django's list of models."""
        may = board.may(request.user)
        moment = lamps.Moment()
        channels = choice(request.GET.get("channel", ""), moment.installs)
        with present_channel.within(channels.channel_id):
            parts = board.render(board.PAGES["index"], may, moment)
        context = {
            "moment": moment,
            "channels": channels,
            "parts": parts,
            "may": may,
            "may_steer": "effects.change_queueitem" in may,
        }
        if request.user.has_perms(("economy.change_points", "economy.view_viewer")):
            context["here"] = moment.here.names
            context["by_hand_key"] = uuid4()
            context["typed"] = typed_before(request, "give-points")
        if request.user.has_perms(("pixelbot_site.change_settingoverride", "joystick.change_install")):
            shown = guide.guide_if_due(moment, wanted="guide" in request.GET or "refused" in (extra_context or {}))
            if shown is not None:
                context["guide"] = shown
                context["redirect_address"] = request.build_absolute_uri(reverse("admin:joystick_install_callback"))
                context["root"] = f"{request.scheme}://{request.get_host()}"
        return super().index(request, {**context, **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the sections, in the form of Django's list of apps; for one app, Django's own list."""
        apps: list[Any] = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {model["model"]._meta.label_lower: model for app in apps for model in app["models"]}
        for label, name in NAMES.items():
            if label in models:
                models[label]["name"] = name
        shown = {name: [models.pop(label) for label in labels if label in models] for name, labels in SECTIONS.items()}
        shown[list(SECTIONS)[-1]] += models.values()
        return [self._section(name, listed) for name, listed in shown.items() if listed]

    def _section(self, name: str, models: list[Any]) -> dict[str, Any]:
        slug = slugify(name)
        url = f"{reverse('admin:index', current_app=self.name)}#{slug}"
        return {"name": name, "app_label": slug, "app_url": url, "has_module_perms": True, "models": models}
