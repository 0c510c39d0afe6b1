"""The stories that people live at a screen: Chromium, a real server, generated trade; nothing but loopback.

The pictures in docs/pictures are made here: `FEIQIAN_PICTURES=docs/pictures .venv/bin/pytest tests/browser`.
"""
