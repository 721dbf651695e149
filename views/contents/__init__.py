"""Contents of courses that others have made, on a host name of their own: nobody is signed in there, and nothing of the
admin is behind any address."""
