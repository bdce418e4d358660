"""The URLs of dashboard, API and overlays."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.urls.resolvers import RoutePattern
from django.views.generic import RedirectView

from effects.media.views import overlay_media
from effects.overlays import views
from pixelbot_site.backups import views as backup_views
from pixelbot_site.chat_panel import views as chat_views
from pixelbot_site.index import views as index_views
from pixelbot_site.kit.lazy_urls import LazyURLs, lazy_view
from pixelbot_site.live_settings import views as settings_views
from pixelbot_site.logins import start_link
from pixelbot_site.logins import views as login_views
from pixelbot_site.metrics import views as metrics_views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    # `include` would import the API at the start: a tenth of the start's time, for what few streamers use.
    LazyURLs(RoutePattern("admin/api/"), "pixelbot_site.api", app_name="ninja", namespace="api"),
    path("admin/backups/", backup_views.backups, name="backups"),
    path("admin/backups/<str:name>", backup_views.download, name="backup"),
    path("admin/bring/", lazy_view("pixelbot_site.bringing.views.page"), name="bring"),
    path("admin/chat/", chat_views.page, name="chat"),
    path("admin/charts/", index_views.charts_page, name="charts"),
    path("admin/tippers/<int:stream_id>/", index_views.tippers, name="tippers"),
    path("admin/guide/points/", index_views.name_points, name="guide-points"),
    path("admin/guide/application/", index_views.set_application, name="guide-application"),
    path("admin/guide/skip/<slug:key>/", index_views.skip_step, name="guide-skip"),
    path("admin/give-points/", index_views.give_points, name="give-points"),
    path("dock/", index_views.dock, name="dock"),
    path("admin/say-a-line/", index_views.say_a_line, name="say-a-line"),
    path("admin/simulate/", lazy_view("pixelbot_site.simulate.views.page"), name="simulate"),
    path("admin/settings/", settings_views.page, name="settings"),
    path("admin/settings/recompute-levels/", settings_views.recompute_levels, name="recompute-levels"),
    LazyURLs(RoutePattern("admin/"), admin.site.get_urls(), app_name="admin", namespace=admin.site.name),
    path("metrics", metrics_views.metrics, name="metrics"),
    path("invitation/<str:token>/", login_views.invitation, name="invitation"),
    path("start/<str:token>/", start_link.follow, name="start-link"),
    path("overlay/<str:secret>/", views.overlay_page, name="overlay"),
    path("overlay/<str:secret>/<slug:widget>/", views.overlay_page, name="overlay-widget"),
    path("overlay/<str:secret>/speech/<int:item_id>.wav", views.speech, name="overlay-speech"),
    path("overlay/<str:secret>/pre-sound/<slug:key>", views.pre_sound, name="overlay-pre-sound"),
    path("overlay/<str:secret>/sound/<int:sound_id>", views.sound, name="overlay-sound"),
    path("overlay/<str:secret>/tried/<str:name>", views.tried_sound, name="overlay-tried-sound"),
    path("overlay/<str:secret>/media/<slug:sha256>", overlay_media, name="overlay-media"),
]
