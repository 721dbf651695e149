"""What every answer says to the browser, error pages included: run nothing foreign, keep nothing, frame nothing."""

from flask import Flask, Response, g, request

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
}
HSTS = "max-age=31536000; includeSubDomains"


def add_headers(app: Flask, *, is_secure: bool) -> None:
    """Put the headers on every answer; one that a view has set already (a file with its own policy) stays."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if framed := g.get("framed"):  # the one host that this page shows contents of
            response.headers["Content-Security-Policy"] = f"{CSP}; frame-src {framed}"
        if is_secure:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if not is_static(request.endpoint) or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"  # also where a sent file said that it may be kept
        return response


def is_static(endpoint: str | None) -> bool:
    """Whether an endpoint serves the product's own scripts, styles and pictures, which are the same for everybody."""
    return endpoint is not None and (endpoint == "static" or endpoint.endswith(".static"))
