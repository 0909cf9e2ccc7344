"""The radiograph viewer: one component, everything a hand does runs in the browser."""
