"""Whom to take for a device: the authority that signed its certificate, and the name it bears."""

import ssl

BEGIN = "-----BEGIN CERTIFICATE-----"


def trusted(ca: str, name: str = "") -> ssl.SSLContext | bool:
    """Take who an authority signed for, or anybody; `ca` is its file, its own text, or empty.

    With a `name` the certificate must bear that, else any name is taken: devices of a house are
    called by an address.

    Raises:
        OSError: the file of the authority cannot be read, or holds none.
        ValueError: there is a name, and nobody who could vouch for it.
    """
    if not ca:
        if name:
            raise ValueError(f"whose certificate is that of {name}? give the authority as ca")
        return False
    context = signed_by(ca)
    context.check_hostname = bool(name)
    return context


def signed_by(ca: str) -> ssl.SSLContext:
    """Take who an authority signed for, under the name asked for.

    The authority need not be made as Python 3.13 began to ask for, by the letter of RFC 5280: that
    of HomeWizard is of the first kind of X.509, and home-made ones rarely name their key.

    Raises:
        OSError: the file of the authority cannot be read, or holds none.
    """
    text, file = (ca, None) if BEGIN in ca else (None, ca)
    try:
        context = ssl.create_default_context(cafile=file, cadata=text)
    except OSError as error:  # ssl.SSLError is one
        raise OSError(f"no authority can be read from {ca}: {error.strerror or error}") from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
