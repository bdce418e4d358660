"""The original's `.env`: what is a setting here, what is a line of our `.env`, and what has no counterpart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from effects.media import sounds
from effects.models import AIReplies, OSCTarget
from effects.outside import hosts
from effects.outside.replies import options
from joystick.settings_table import JoystickSettings
from pixelbot_site.bringing.difference import Difference, LeftOut, State, Wanted, left_out
from pixelbot_site.bringing.pixel.files import whole
from pixelbot_site.bringing.pixel.names import BY_HAND, FILES, RENAMED, WITHOUT
from pixelbot_site.kit import logs, secrets_at_rest
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.settings_table import FALSE, Setting, declared, label, raw
from pixelbot_site.live_settings import store
from pixelbot_site.models import SettingOverride
from pixelbot_site.settings_table import SECTIONS

SECTION = "Settings"
AI = "AI replies"
OSC_TARGET = "VRChat"
ALL = {name: setting for section in SECTIONS for name, setting in declared(section).items()}
OF_APPLICATION = frozenset(store.live(JoystickSettings))
_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)")
_QUOTED = re.compile(r"""(?P<quote>['"])(?P<value>.*?)(?P=quote)\s*(?:#.*)?""")


def read(text: str) -> dict[str, str]:
    """Return the values of a `.env` by their names; of a name that is set twice, the last. Blank ones are left out."""
    found = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.rstrip())
        if match is not None:
            quoted = _QUOTED.fullmatch(match["value"])
            value = quoted["value"] if quoted else re.split(r"\s+#|^#", match["value"])[0]
            found[match["name"].upper()] = value.strip()
    return {name: value for name, value in found.items() if value}


def planned(values: Mapping[str, str], *, needs_osc: bool) -> Iterator[Wanted | Difference]:
    """Yield a row for each value that has one, and what there is to say of each other. `needs_osc`: effects send it."""
    used: dict[str, str] = {}
    for name in sorted(values, key=lambda name: (name not in RENAMED, name)):
        ours = RENAMED.get(name, name)
        if name in FILES or name.startswith("VRC_OSC_"):
            continue
        if ours in used:
            yield left_out(SECTION, name, f"{used[ours]} says it.")
        elif name.startswith("PPLX_") and name in _OF_AI:
            yield _of_ai(name, values[name])
        elif ours in store.DECLARED:
            used[ours] = name
            yield _setting(name, ours, values[name])
        elif name not in WITHOUT and BY_HAND.get(name, ours) in ALL:
            yield _line(name, BY_HAND.get(name, ours), values[name])
        else:
            yield left_out(SECTION, name, WITHOUT.get(name, "There is no such setting here."))
    if needs_osc or any(name.startswith("VRC_OSC_") for name in values):
        yield _osc_target(values)


def permission_of(ours: str) -> str:
    """Return the permission that changing this setting takes."""
    # Whoever may not connect the channel does not choose the application at Joystick either.
    return "joystick.change_install" if ours in OF_APPLICATION else "pixelbot_site.change_settingoverride"


def _setting(name: str, ours: str, text: str) -> Wanted:
    setting = store.DECLARED[ours]

    def values(row: SettingOverride | None) -> dict[str, Any]:
        value = _parsed(setting, ours, text)
        before = store.current(ours)
        if value == before or (row is not None and row.value == raw(value)):
            return {}
        if setting.is_secret and before:
            raise LeftOut("Another is set here already. Change it on the page Settings.")
        text_here = raw(value)
        stored = secrets_at_rest.seal(text_here) if setting.is_secret else text_here
        return {"name": ours, "value": stored, "changed_at": timezone.now(), "changed_by": "import"}

    def details() -> tuple[str, ...]:
        before, after = (_shown(setting, value) for value in (store.current(ours), _parsed(setting, ours, text)))
        return (f"{label(ours, setting)}: {before} → {after}",)

    return Wanted(SECTION, name, SettingOverride, {"name": ours}, values, permission_of(ours), details=details)


def _parsed(setting: Setting, ours: str, text: str) -> Any:
    try:
        value = store.parse(setting, text)
    except ValueError as error:
        raise LeftOut(f"It must be {error}.") from None
    if ours == "TTS_PRE_SOUND" and not any(
        (folder / text).is_file() for folder in (settings.SOUNDS_DIR, sounds.SHIPPED)
    ):
        raise LeftOut("There is no such file: put it into the folder “sounds” of DATA_DIR first.")
    for section in SECTIONS:
        names = declared(section)
        if ours in names:
            others = {one: store.current(one) if one in store.DECLARED else store.default(one) for one in names}
            for mistake in section.of({**others, ours: value}).mistakes():
                raise LeftOut(f"It must be {mistake.allowed}.")
    return value


def _shown(setting: Setting, value: Any) -> str:
    if setting.is_secret:
        return "…" if value else "empty"
    return raw(value) or "empty"


def _line(name: str, ours: str, text: str) -> Difference:
    """Return the line that the streamer writes into `.env`; a secret is copied by hand, and shown nowhere."""
    setting = ALL[ours]
    try:
        value = setting.parse(text)
    except ValueError as error:
        return left_out(SECTION, name, f"It must be {error}.")
    if value == store.default(ours):
        return Difference(SECTION, name, State.SAME)
    if setting.is_secret or ours.endswith("_URL"):
        return Difference(SECTION, name, State.BY_HAND, reason=f"Copy its value into .env, as {ours}=…")
    return Difference(SECTION, name, State.BY_HAND, reason=f"Write into .env: {ours}={logs.escaped(text)}")


def _model(row: AIReplies | None, text: str) -> dict[str, Any]:
    return {"model": text}


def _max_tokens(row: AIReplies | None, text: str) -> dict[str, Any]:
    return {"max_tokens": whole(text, "It")}


def _seconds(row: AIReplies | None, text: str) -> dict[str, Any]:
    return {"seconds": whole(text, "It")}


def _share(row: AIReplies | None, text: str) -> dict[str, Any]:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:  # nor is it nan
        raise LeftOut("It must be a number from 0 to 1.")
    percent = round(share * 100, 4)
    if row is not None and row.enabled and row.random_percent != percent:
        raise LeftOut("The AI is on, and would begin to answer by chance. Set it on the page AI replies.")
    return {"random_percent": percent}


def _key(row: AIReplies | None, text: str) -> dict[str, Any]:
    if not (text.isascii() and text.isprintable()) or " " in text or len(text) > 500:
        raise LeftOut("This can't be a key.")
    try:
        present = options.of_row(row or AIReplies()).key()
    except Failed as error:
        raise LeftOut(f"{error}.") from None
    if present == text:
        return {}
    if present:
        raise LeftOut("Another key is set here already. Change it on the page AI replies.")
    return {"key": secrets_at_rest.seal(text)}


_OF_AI: dict[str, Callable[[AIReplies | None, str], dict[str, Any]]] = {
    "PPLX_MODEL": _model,
    "PPLX_MAX_TOKENS": _max_tokens,
    "PPLX_TIMEOUT": _seconds,
    "PPLX_RANDOM_REPLY_PROB": _share,
    "PPLX_API_KEY": _key,
}


def _of_ai(name: str, text: str) -> Wanted:
    def values(row: AIReplies | None) -> Mapping[str, Any]:
        if row is not None and not options.is_perplexity(row.address or options.PERPLEXITY):
            raise LeftOut("The AI here is another than Perplexity.")
        found = _OF_AI[name](row, text)
        return {"id": 1, **found} if row is None and found else found

    return Wanted(AI, name, AIReplies, {"pk": 1}, values, "effects.change_aireplies", hidden={"key"}, quiet={"id"})


def _osc_target(values: Mapping[str, str]) -> Wanted:
    def wanted(row: OSCTarget | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if host := values.get("VRC_OSC_HOST"):
            try:
                hosts.resolve(host, 1)
            except Failed as error:
                raise LeftOut(f"{error}.") from None
            found["host"] = host
        if port := values.get("VRC_OSC_PORT"):
            found["port"] = whole(port, "VRC_OSC_PORT", least=1, most=65_535)
        if row is None:
            found |= {"name": OSC_TARGET, "enabled": values.get("VRC_OSC_ENABLED", "true").lower() not in FALSE}
        return found

    return Wanted("OSC", OSC_TARGET, OSCTarget, {"name": OSC_TARGET}, wanted, "effects.change_osctarget")
