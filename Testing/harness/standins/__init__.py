"""Qt stand-ins for the widgets of CTK and Slicer that a ``.ui`` file may name, bound to the real MRML scene.

They keep to the properties, signals and habits of the originals that a panel relies on, and to no more than that.
PySide6 must behave as PythonQt before one of them is made: they are used through ``qt``, ``ctk`` and ``slicer``.
"""
