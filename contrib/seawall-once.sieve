# A mail that Seawall hands over twice is kept once.
#
# What for: when a connection breaks between the end of a mail and the server's answer, nobody can know whether the
# mail was taken (RFC 1047). Seawall then hands it over again under the same delivery id, in the header
#     X-Seawall-Mark: <delivery id, 32 hex digits>.<signature, 32 hex digits>
# and this script drops the second copy. It looks at the topmost mark alone, which is the last hand-over's own; a mail
# without one, or with something else in its place, is always kept.
#
# Install, Dovecot 2.3 with Pigeonhole, for everybody: copy it to /etc/dovecot/sieve/before/, run sievec on it, and set
#     protocol lmtp { mail_plugins = $mail_plugins sieve }
#     plugin {
#       sieve_before = /etc/dovecot/sieve/before/
#       sieve_duplicate_max_period = 7d
#     }
# Or for one user: put its text at the head of the personal script. Do one of the two and not both: a script that asks
# for a mark which an earlier script of the same delivery has asked for fails, and Pigeonhole then keeps every copy.
# Other servers need Sieve with RFC 7352 and RFC 5260.
#
# Limits: a mark is remembered for seven days, or for two where sieve_duplicate_max_period is not set (sievec then
# warns); each user has a memory of their own, ~/.dovecot.lda-dupes, so users need a home; it is written after the
# mail is, so that a server that dies between the two still keeps both; and nobody checks the signature here: whoever
# knows the mark of a mail can send another under it, which this script drops.

require ["duplicate", "index"];

if allof (
    header :index 1 :matches "X-Seawall-Mark"
        "????????????????????????????????.????????????????????????????????",
    duplicate :handle "seawall" :header "X-Seawall-Mark" :seconds 604800
) {
    discard;
    stop;
}
