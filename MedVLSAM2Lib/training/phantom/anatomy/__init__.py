"""The parts of the trunk, in RAS mm; S is 0 at the top of the right diaphragm."""
