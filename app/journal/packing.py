"""Answers as they are kept: small, and the same bytes again when unpacked."""

import zlib

# What most replies have in common, the most common last. Part of the file's format: never change it without.
_COMMON = (
    b'"rung":"R1","rung_reason":"features_stale","rung":"R2","rung_reason":"no_watermark","probability":null,'
    b'"verdict":"decline","verdict":"review","verdict":"challenge","list_entry":{"entry_id":"entry_",'
    b'"list":"block","field":"card_id"},"rules":[{"rule_id":"rule_","version":1,"action":"decline",'
    b'"mode":"live","points":null,"acted":true}],"reasons":[{"code":"amount_","sentence":"unknown so far: '
    b'not so: the card this rider usual for this rider is in the last 24 hours","value":1.0,"normal":null,'
    b'"contribution":0.0},{"code":"card_payments_1h","sentence":"payments in the last hour: ; '
    b'usual for this rider is USD ","value":,"normal":,"contribution":0.}],'
    b'{"decision_id":"dec_","transaction_id":"txn_","verdict":"approve","score":1,"probability":0.00,'
    b'"rung":"R0","rung_reason":null,"feature_age_ms":,"reasons":[],"rules":[],"list_entry":null,'
    b'"versions":{"model":"model_","rules":0,"lists":0,"policy":"policy_"},'
    b'"decided_at":"2026-01-01T00:00:00.000000Z"}'
)
_PLAIN, _PACKED = b"\0", b"\1"
MOST_BYTES = 1 << 20  # of one answer


def pack(reply: bytes) -> bytes:
    if len(reply) >= MOST_BYTES:
        return _PLAIN + reply
    compressor = zlib.compressobj(level=6, wbits=-12, memLevel=5, zdict=_COMMON)
    packed = compressor.compress(reply) + compressor.flush()
    return _PACKED + packed if len(packed) < len(reply) else _PLAIN + reply


def unpack(packed: bytes) -> bytes:
    """Raises ValueError for what `pack` did not make."""
    kind, content = packed[:1], packed[1:]
    if kind == _PLAIN:
        return content
    if kind != _PACKED:
        raise ValueError(f"an answer is packed in an unknown way: {kind!r}")
    try:
        return zlib.decompressobj(wbits=-12, zdict=_COMMON).decompress(content, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"an answer cannot be unpacked: {error}") from error
