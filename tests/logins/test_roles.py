"""The roles' groups: made by the migration, filled with what exists, and the streamer's own from then on."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from pixelbot_site.logins import roles
from pixelbot_site.models import Role

pytestmark = pytest.mark.django_db


def group(role: str) -> Group:
    found = Role.objects.get(key=role).group
    assert found is not None
    return found


def permissions(role: str) -> set[str]:
    names = group(role).permissions.values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in names}


def test_each_role_has_a_group_with_the_permissions_of_the_table() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)
    for role in (roles.MANAGER, roles.MODERATOR, roles.VIEWER):
        assert permissions(role) == roles.permissions_of(role), role
    assert group(roles.OWNER).permissions.count() == Permission.objects.count()


def test_the_table_names_models_that_exist() -> None:
    assert {label for label in roles.TABLE if apps.get_model(label) is None} == set()


def test_each_role_may_less_than_the_one_above_it() -> None:
    manager, moderator, viewer = map(roles.permissions_of, (roles.MANAGER, roles.MODERATOR, roles.VIEWER))
    assert viewer < moderator < manager
    assert {name for name in viewer if ".view_" not in name} == set()


def test_a_permission_that_a_later_version_brings_reaches_the_groups_with_its_migration() -> None:
    for name in ("view_queueitem", "view_apitoken"):
        Permission.objects.get(codename=name).delete()
    before = Role.objects.get(key=roles.MODERATOR)
    before.given.remove("effects.view_queueitem")  # as if it had never been there
    before.save()
    call_command("migrate", verbosity=0)
    assert permissions(roles.MODERATOR) == roles.permissions_of(roles.MODERATOR)
    assert "pixelbot_site.view_apitoken" in permissions(roles.OWNER)


def test_what_the_streamer_changes_stays_so() -> None:
    moderators = group(roles.MODERATOR)
    moderators.permissions.remove(Permission.objects.get(codename="change_queueitem"))
    moderators.permissions.add(Permission.objects.get(codename="view_redeem"))
    moderators.name = "helpers"
    moderators.save()
    group(roles.VIEWER).delete()
    call_command("migrate", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == {"owner", "manager", "helpers"}
    expected = roles.permissions_of(roles.MODERATOR) - {"effects.change_queueitem"} | {"redeems.view_redeem"}
    assert permissions(roles.MODERATOR) == expected


def test_a_permission_that_the_table_gives_no_more_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    group(roles.MODERATOR).permissions.add(Permission.objects.get(codename="view_redeem"))
    monkeypatch.delitem(roles.TABLE, "economy.viewer")
    call_command("migrate", verbosity=0)
    assert "economy.view_viewer" not in permissions(roles.MODERATOR)
    assert "redeems.view_redeem" in permissions(roles.MODERATOR)  # the streamer's own


def test_a_group_of_the_streamers_with_a_roles_name_gets_nothing() -> None:
    group(roles.MANAGER).delete()
    Role.objects.get(key=roles.MANAGER).delete()
    own = Group.objects.create(name="manager")
    call_command("migrate", verbosity=0)
    assert group(roles.MANAGER).name == "manager 2"
    assert not own.permissions.exists()
