"""The only way in which XML gets in: no DTD, no entities, no network, bounded size."""

from lxml import etree

from engine.errors import InvalidDocument

MAX_BYTES = 1024 * 1024


def parse(content: bytes) -> etree._Element:
    """Return the root element, or raise ``InvalidDocument`` with line and reason."""
    if len(content) > MAX_BYTES:
        raise InvalidDocument(f"The file is larger than {MAX_BYTES // 1024} KB.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise InvalidDocument(f"This is not XML: {error.msg}.") from error
    if root.getroottree().docinfo.doctype:
        raise InvalidDocument("A DOCTYPE is not accepted; remove it from the file.")
    return root
