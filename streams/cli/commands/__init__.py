"""The commands of `truceline`, one module a command or group."""
