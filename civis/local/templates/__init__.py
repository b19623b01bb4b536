"""What the templates run that come with the platform: programs that work through the client.

The platform itself loads nothing of it.
"""
