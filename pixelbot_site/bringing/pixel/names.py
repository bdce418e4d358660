"""The names in the original's `.env`, and what they are here."""

from __future__ import annotations

# Settings that have another name here. Names that are the same in both need no line.
RENAMED = {
    "POINTS_CHAT_AMOUNT": "POINTS_PER_CHAT",
    "POINTS_CHAT_COOLDOWN_SECONDS": "CHAT_COOLDOWN_SECONDS",
    "POINTS_FOLLOW_AMOUNT": "POINTS_PER_FOLLOW",
    "POINTS_DROPIN_AMOUNT": "POINTS_PER_DROPIN",
    "POINTS_DROPIN_COOLDOWN_SECONDS": "DROPIN_COOLDOWN_SECONDS",
    "POINTS_SUB_AMOUNT": "POINTS_PER_SUB",
    "POINTS_TIP_PER_TOKEN": "POINTS_PER_TIP_TOKEN",
    "XP_CHAT_AMOUNT": "XP_PER_CHAT",
    "XP_FOLLOW_AMOUNT": "XP_PER_FOLLOW",
    "XP_DROPIN_AMOUNT": "XP_PER_DROPIN",
    "XP_SUB_AMOUNT": "XP_PER_SUB",
    "XP_TIP_PER_TOKEN": "XP_PER_TIP_TOKEN",
}
# What is no setting of the dashboard here: the name of the line in our `.env`.
BY_HAND = {
    "OBS_WS_ENABLED": "OBS_ENABLED",
    "OBS_WS_HOST": "OBS_HOST",
    "OBS_WS_PORT": "OBS_PORT",
    "OBS_WS_PASSWORD": "OBS_PASSWORD",
    "LOG_LEVEL": "LOG_LEVEL",
}
# These say where the original's files are, within its folder.
FILES = frozenset(
    {"PRIZES_FILE", "SPIN_LINES_FILE", "PRIZE_LINES_FILE", "XP_LEVEL_REWARDS_FILE", "LEVEL_REWARDS_FILE", "SOUNDS_DIR"}
)
_ADDRESS = "The bot has addresses of its own: see runbot --bind."
_LOGIN = "The dashboard has logins of its own."
_CONNECT = "Connect the channel with the button on the dashboard's first page."
_TIPS = "Reactions to tips have amounts of their own: see Reactions."
_WHEEL = "The wheel turns for as long as Settings say: Wheel turns for."
_WHEEL_SOUND = "The wheel plays the sounds wheel-start, wheel-loop and wheel-win: replace their files under Sounds."
_PAUSE = "What pays once here needs no pause, and tips pay each time."
_FIXED = "An answer of the AI has at most 220 characters and two sentences here."
_INSIDE = "The bot looks after this by itself."
# What has no counterpart, and why.
WITHOUT = {
    **dict.fromkeys(("APP_HOST", "APP_PORT", "ADMIN_PORT"), _ADDRESS),
    **dict.fromkeys(("ADMIN_TOKEN", "ADMIN_PASSWORD_HASH"), _LOGIN),
    **dict.fromkeys(
        (
            *("JOYSTICK_TOKEN", "JOYSTICK_ROOM_ID", "JOYSTICK_BASIC_KEY", "JOYSTICK_DEFAULT_CHANNEL_ID"),
            "JOYSTICK_REDIRECT_URI",
        ),
        _CONNECT,
    ),
    **dict.fromkeys(("TIP_LOW_MAX", "TIP_MEDIUM_MAX", "TIP_HIGH_MAX", "TIP_EXTREME_MAX"), _TIPS),
    **dict.fromkeys(("WHEEL_SPIN_MIN", "WHEEL_SPIN_MAX", "WHEEL_PRE_TTS_DELAY_MS"), _WHEEL),
    **dict.fromkeys(("WHEEL_SFX_START", "WHEEL_SFX_LOOP", "WHEEL_SFX_WIN"), _WHEEL_SOUND),
    **dict.fromkeys(
        (
            *("POINTS_TIP_COOLDOWN_SECONDS", "XP_TIP_COOLDOWN_SECONDS", "XP_FOLLOW_COOLDOWN_SECONDS"),
            *("XP_SUB_COOLDOWN_SECONDS", "XP_DROPIN_COOLDOWN_SECONDS"),
        ),
        _PAUSE,
    ),
    **dict.fromkeys(("PIXEL_MAX_CHARS", "PIXEL_MAX_SENTENCES"), _FIXED),
    **dict.fromkeys(
        (
            *("QUEUE_POLL_INTERVAL", "QUEUE_MAX_WORKERS", "COOLDOWN_CLEANUP_HOURS", "CLEANUP_INTERVAL_MINUTES"),
            *("LOG_TRANSACTIONS", "LOG_FILE", "DATA_DIR", "LOG_FORMAT", "DATABASE_URL", "SECRET_KEY"),
        ),
        _INSIDE,
    ),
    "ROTATE_NOTICE_SECONDS": "Make a timer instead: see Timers.",
    "WHEEL_IMAGE_URL": "The wheel here is drawn with its prizes.",
    "POINTS_SUB_MONTH_MULTIPLIER": "A subscription pays for each month here.",
    "XP_FACTOR": "The levels follow XP_BASE and XP_EXPONENT here.",
    "MAX_MESSAGES_PER_MINUTE": "See Time between two lines in Settings.",
}
