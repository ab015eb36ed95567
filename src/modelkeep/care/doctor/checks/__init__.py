"""The checks of the doctor, a module each."""
