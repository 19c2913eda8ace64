"""What people see: one function a fragment, element ids, languages. No I/O but reading templates at start."""
