#!/bin/sh
# The OpenAPI document: against the running server and API.md (openapi_check.py), and against
# OpenAPI's own rules (Perl's JSON::Validator, which has their schema).
. tests/functions.sh
requires curl python3 jq

mkdir -p "$ROOT/etc/xen/scripts" # a network that touches nothing
echo '#!/bin/sh' >"$ROOT/etc/xen/scripts/network-virtual"
chmod +x "$ROOT/etc/xen/scripts/network-virtual"
start_xend test
assert_eq "200 application/json" \
    "$(api GET /v1/openapi.json -o "$T/document.json" -w '%{http_code} %{content_type}')"
assert_eq "3.0.3 true" "$(jq -r '"\(.openapi) \(.paths | length > 10)"' "$T/document.json")"
top=$PWD
(cd "$ROOT/var/run/xend" && python3 "$top/tests/system/openapi_check.py" "$T/document.json" "$top/xend/API.md") ||
    fail "the document is not what the server does, see above"
api GET /v1/openapi.json >"$T/again.json"
cmp "$T/document.json" "$T/again.json" || fail "the document changes"

# validate FILE: prints OpenAPI's complaints
validate() {
    perl -MJSON::Validator -e '
        my $document = JSON::Validator->new->schema("file://$ARGV[0]")->schema;
        ref($document) =~ /OpenAPIv3/ or die "not taken for OpenAPI 3\n";
        my @errors = @{$document->errors};
        print "$_\n" for @errors;
        exit(@errors > 0)' "$1"
}
perl -MJSON::Validator -e 1 2>/dev/null || skip "the validator is missing: libjson-validator-perl"
assert_ok validate "$T/document.json"
for harm in '.components.schemas.Job.properties.id.type = "strnig"' 'del(.info.title)' \
    'del(.paths["/v1/jobs/{job}"].get.responses)' '.paths["/v1/jobs"].get.parameters += [{"name": "x"}]' \
    '.components.schemas.Jobs.properties.jobs.items["$ref"] = "#/components/schemas/None"'; do
    jq "$harm" "$T/document.json" >"$T/harmed.json"
    run validate "$T/harmed.json"
    [ "$status" != 0 ] || fail "the validator finds nothing wrong after $harm"
done
