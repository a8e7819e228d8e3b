package stripe_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
)

var signed = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// body has the spaces and line ends of Stripe's own bodies, which a parser would not write again.
var body = []byte("{\n  \"id\": \"evt_1\",\n  \"object\": \"event\",\n  \"api_version\": \"2026-03-25.dahlia\",\n  \"created\": 1775044800,\n" +
	"  \"type\": \"payment_intent.succeeded\",\n  \"data\": {\"object\": {\"id\": \"pi_1\", \"object\": \"payment_intent\"}}\n}")

// v1 returns a signature of the scheme v1 (https://docs.stripe.com/webhooks, verify manually).
func v1(at time.Time, payload []byte, secret string) string {
	return hex.EncodeToString(webhook.ComputeSignature(at, payload, secret))
}

func header(at time.Time, payload []byte, secret string) string {
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), v1(at, payload, secret))
}

func TestKnownVectorIsAccepted(t *testing.T) {
	// Made apart from stripe-go: printf '1775044800.%s' "$body" | openssl dgst -sha256 -hmac whsec_vector
	payload := []byte(`{"id":"evt_1","object":"event","api_version":"2026-03-25.dahlia","created":1775044800,"type":"x.y","data":{"object":{}}}`)
	const signature = "t=1775044800,v1=6114d7cf3b49490eb606a5f0418ca6e40b278e80c143c72fc2cc59301b788012,v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
	got, err := stripe.Read(payload, signature, []string{"whsec_vector"}, signed)
	want := payment.Notice{ID: "evt_1", Type: "x.y", Created: signed}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
}

// Case: webhooks whose body was parsed and written again, or whose secret was rolled (stripe-node#1768, #356, #341).
func TestSignatureDecidesAboutAWebhook(t *testing.T) {
	const a, b = "whsec_a", "whsec_b"
	good, unix := v1(signed, body, a), signed.Unix()
	var parsed any
	if err := json.Unmarshal(body, &parsed); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	altered := bytes.Replace(body, []byte("pi_1"), []byte("pi_2"), 1)
	at := func(d time.Duration) string { return header(signed.Add(d), body, a) }
	for name, c := range map[string]struct {
		body    []byte
		header  string
		secrets []string
		want    error
	}{
		"one signature":                    {body, header(signed, body, a), []string{a}, nil},
		"rolled, first one ours":           {body, fmt.Sprintf("t=%d,v1=%s,v1=%s", unix, good, v1(signed, body, "x")), []string{a}, nil},
		"rolled, second one ours":          {body, fmt.Sprintf("t=%d,v1=%s,v1=%s", unix, v1(signed, body, "x"), good), []string{a}, nil},
		"second secret matches":            {body, header(signed, body, b), []string{a, b}, nil},
		"behind an unknown scheme":         {body, fmt.Sprintf("t=%d,v0=%s,v1=%s", unix, v1(signed, body, "x"), good), []string{a}, nil},
		"spaces":                           {body, fmt.Sprintf("t=%d, v1=%s , v0=00", unix, good), []string{a}, nil},
		"signature that is no hex besides": {body, fmt.Sprintf("t=%d,v1=zz,v1=%s", unix, good), []string{a}, nil},
		"only an unknown scheme":           {body, fmt.Sprintf("t=%d,v0=%s", unix, good), []string{a}, payment.ErrForged},
		"other secret":                     {body, header(signed, body, b), []string{a}, payment.ErrForged},
		"no secrets":                       {body, header(signed, body, a), nil, payment.ErrForged},
		"empty secret":                     {body, header(signed, body, ""), []string{""}, payment.ErrForged},
		"empty secret besides":             {body, header(signed, body, ""), []string{a, "", b}, payment.ErrForged},
		"no header":                        {body, "", []string{a}, payment.ErrForged},
		"no time":                          {body, "v1=" + good, []string{a}, payment.ErrForged},
		"no signature":                     {body, fmt.Sprintf("t=%d", unix), []string{a}, payment.ErrForged},
		"empty signature":                  {body, fmt.Sprintf("t=%d,v1=", unix), []string{a}, payment.ErrForged},
		"half a signature":                 {body, fmt.Sprintf("t=%d,v1=%s", unix, good[:32]), []string{a}, payment.ErrForged},
		"time that is none":                {body, "t=now,v1=" + good, []string{a}, payment.ErrForged},
		"time that was not signed":         {body, fmt.Sprintf("t=%d,v1=%s", unix+1, good), []string{a}, payment.ErrForged},
		"time of year 1, signed as none":   {body, "v1=" + v1(time.Time{}, body, a), []string{a}, payment.ErrForged},
		"old one with a fresh time added":  {body, fmt.Sprintf("t=%d,%s", unix, at(-time.Hour)), []string{a}, payment.ErrOld},
		"fresh time behind an old one":     {body, fmt.Sprintf("%s,t=%d", at(-time.Hour), unix), []string{a}, payment.ErrForged},
		"altered byte":                     {altered, header(signed, body, a), []string{a}, payment.ErrForged},
		"written again":                    {again, header(signed, body, a), []string{a}, payment.ErrForged},
		"byte added":                       {append(bytes.Clone(body), '\n'), header(signed, body, a), []string{a}, payment.ErrForged},
		"empty body":                       {nil, header(signed, body, a), []string{a}, payment.ErrForged},
		"as old as may be":                 {body, at(-stripe.Tolerance), []string{a}, nil},
		"older":                            {body, at(-stripe.Tolerance - time.Second), []string{a}, payment.ErrOld},
		"as far ahead as may be":           {body, at(stripe.Tolerance), []string{a}, nil},
		"further ahead":                    {body, at(stripe.Tolerance + time.Second), []string{a}, payment.ErrOld},
		"forged and old":                   {body, header(signed.Add(-time.Hour), body, b), []string{a}, payment.ErrForged},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := stripe.Read(c.body, c.header, c.secrets, signed)
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if (got.IntentID == "pi_1") != (c.want == nil) {
				t.Errorf("notice %+v with error %v", got, err)
			}
		})
	}
}

// read reads a payload that is well signed.
func read(payload []byte) (payment.Notice, error) {
	return stripe.Read(payload, header(signed, payload, "whsec_a"), []string{"whsec_a"}, signed)
}

func TestTypesThatConcernOrdersNameTheIntent(t *testing.T) {
	for eventType, object := range about() {
		got, err := read([]byte(occurrence("evt_1", eventType, signed.Unix(), object)))
		want := payment.Notice{ID: "evt_1", Type: eventType, IntentID: "pi_1", Created: signed}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, %s", eventType, err, diff)
		}
	}
}

func TestWebhookAboutNoIntentIsAcknowledged(t *testing.T) {
	for _, c := range []struct{ eventType, object string }{
		{"customer.created", `{"id":"cus_1","object":"customer"}`},
		{"charge.succeeded", `{"id":"ch_1","object":"charge","payment_intent":"pi_1"}`},
		{"payment_intent.invented", intentObject},
		{"invented", `[]`},
		{"charge.refunded", `{"id":"ch_1","object":"charge","payment_intent":null}`},
		{"refund.created", `{"id":"re_1","object":"refund"}`},
	} {
		got, err := read([]byte(occurrence("evt_1", c.eventType, signed.Unix(), c.object)))
		want := payment.Notice{ID: "evt_1", Type: c.eventType, Created: signed}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, %s", c.eventType, err, diff)
		}
	}
}

func TestWebhookThatCannotBeReadIsSaidAndNotQuoted(t *testing.T) {
	for _, payload := range []string{
		``, `jane`, `[]`, `null`, `{"jane":1}`, `{"object":"v2.core.event","id":"evt_jane","type":"v1.billing.meter"}`,
		occurrence("", "payment_intent.succeeded", 1, `{"id":"jane"}`),
		occurrence("evt_1", "", 1, `{"id":"jane"}`),
		occurrence("evt_1", "payment_intent.succeeded", 1, `{"name":"jane"}`),
		occurrence("evt_1", "payment_intent.succeeded", 1, `"jane"`),
		occurrence("evt_1", "payment_intent.succeeded", 1, `{"id":{"name":"jane"}}`),
		occurrence("evt_1", "refund.updated", 1, `{"payment_intent":{"name":"jane"}}`),
		occurrence("evt_1", "refund.updated", 1, `{"payment_intent":["jane"]}`),
		occurrence("evt_1", "refund.updated", 1, `{"payment_intent":""}`),
	} {
		_, err := read([]byte(payload))
		if !errors.Is(err, payment.ErrNotice) || strings.Contains(err.Error(), "jane") {
			t.Errorf("%s: error %v, want ErrNotice without the payload", payload, err)
		}
	}
}

// Case: events of another release train were dropped silently (openmeter#2080, stripe-go#1333).
func TestOtherReleaseTrainIsSaidWithBothVersions(t *testing.T) {
	for version, want := range map[string]struct {
		ok   bool
		name string
	}{
		"2026-03-25.dahlia":         {true, ""},
		"2026-09-30.dahlia":         {true, ""},
		"2025-09-30.clover":         {false, "2025-09-30.clover"},
		"2026-03-25.preview":        {false, "2026-03-25.preview"},
		"2020-08-27":                {false, "2020-08-27"},
		"":                          {false, "an unknown version"},
		"Jane Doe":                  {false, "an unknown version"},
		strings.Repeat("2026-", 20): {false, "an unknown version"},
	} {
		payload := []byte(strings.Replace(string(body), "2026-03-25.dahlia", version, 1))
		_, err := read(payload)
		if (err == nil) != want.ok || !want.ok && !errors.Is(err, payment.ErrAPIVersion) {
			t.Errorf("%q: error %v", version, err)
		}
		if !want.ok && !strings.Contains(err.Error(), want.name+" instead of 2026-03-25.dahlia") {
			t.Errorf("%q: error %v does not name both versions", version, err)
		}
		_, theirs := webhook.ConstructEventIgnoringTolerance(payload, header(signed, payload, "whsec_a"), "whsec_a")
		if (theirs == nil) != want.ok {
			t.Errorf("%q: stripe-go says %v", version, theirs)
		}
	}
}

// safe holds webhook secrets that were rolled, or not.
type safe struct {
	first, second []string
	err, renewErr error
	renewals      int
}

func (s *safe) WebhookSecrets(context.Context) ([]string, error) { return s.first, s.err }

func (s *safe) RenewWebhookSecrets(_ context.Context, refused []string) ([]string, error) {
	if !cmp.Equal(refused, s.first) {
		return nil, errors.New("renewed others")
	}
	s.renewals++
	return s.second, s.renewErr
}

func TestReaderLooksForNewerSecretsBeforeItCallsAWebhookForged(t *testing.T) {
	throttled := errors.New("throttled")
	for name, c := range map[string]struct {
		safe  safe
		now   time.Time
		want  error
		renew int
	}{
		"known secret":          {safe{first: []string{"whsec_a"}}, signed, nil, 0},
		"rolled secret":         {safe{first: []string{"old"}, second: []string{"old", "whsec_a"}}, signed, nil, 1},
		"forged":                {safe{first: []string{"old"}, second: []string{"old"}}, signed, payment.ErrForged, 1},
		"old":                   {safe{first: []string{"whsec_a"}}, signed.Add(time.Hour), payment.ErrOld, 0},
		"secrets can't be read": {safe{err: throttled}, signed, payment.ErrKey, 0},
		"nor the newer ones":    {safe{first: []string{"old"}, renewErr: throttled}, signed, payment.ErrKey, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.safe
			got, err := stripe.NewReader(&s, func() time.Time { return c.now }).Read(t.Context(), body, header(signed, body, "whsec_a"))
			if !errors.Is(err, c.want) || (got.IntentID == "pi_1") != (c.want == nil) || s.renewals != c.renew {
				t.Errorf("%+v, %v after %d renewals, want %v after %d", got, err, s.renewals, c.want, c.renew)
			}
		})
	}
}

func FuzzNoOtherBytesPassForAWebhook(f *testing.F) {
	f.Add(uint16(0), byte(1), "", []byte(nil))
	f.Add(uint16(100), byte(0x20), header(signed, body, "whsec_a"), body)
	f.Add(uint16(7), byte(0xff), "t=,v1=,v1", []byte(`{"object":"event"}`))
	secrets := []string{"whsec_a", ""}
	good := header(signed, body, "whsec_a")
	f.Fuzz(func(t *testing.T, at uint16, change byte, signature string, payload []byte) {
		altered := bytes.Clone(body)
		altered[int(at)%len(altered)] ^= change
		if _, err := stripe.Read(altered, good, secrets, signed); (err == nil) != (change == 0) {
			t.Errorf("byte %d changed by %x: %v", int(at)%len(altered), change, err)
		}
		if _, err := stripe.Read(payload, signature, secrets, signed); err == nil && !bytes.Equal(payload, body) {
			t.Errorf("%q was signed by nobody and is accepted with %q", payload, signature)
		}
		// Whatever is well signed and read is read the same again.
		first, err := read(payload)
		if second, err2 := read(payload); first != second || (err == nil) != (err2 == nil) {
			t.Errorf("%q: %+v, %v and then %+v, %v", payload, first, err, second, err2)
		}
	})
}
