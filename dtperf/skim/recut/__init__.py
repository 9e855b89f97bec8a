"""The engine that counts a skim again: cuts moved, everything else as it was."""
