"""The Qt sections of the module and what their buttons do."""
