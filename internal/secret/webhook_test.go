package secret_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/secret"
)

func (v *vault) roll(secrets ...string) {
	v.content = aws.String(`{"api_key":"sk_1","webhook_secrets":["` + strings.Join(secrets, `","`) + `"]}`)
}

func wantSecrets(t *testing.T, got []string, err error, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("webhook secrets: %v, %s", err, diff)
	}
}

func TestOneReadingServesKeyAndWebhookSecrets(t *testing.T) {
	v := &vault{}
	v.roll("whsec_a", "whsec_b")
	c, clock := start(v)
	got, err := c.WebhookSecrets(t.Context())
	wantSecrets(t, got, err, "whsec_a", "whsec_b")
	wantKey(t, func() (string, error) { return c.Key(t.Context()) }, "sk_1")
	if v.reads != 1 {
		t.Errorf("%d reads, want 1", v.reads)
	}
	v.roll("whsec_c")
	clock.advance(secret.Lifetime)
	got, err = c.WebhookSecrets(t.Context())
	wantSecrets(t, got, err, "whsec_c")
}

func TestRolledWebhookSecretIsFoundAfterARefusal(t *testing.T) {
	v := &vault{}
	v.roll("whsec_a")
	c, clock := start(v)
	old, err := c.WebhookSecrets(t.Context())
	wantSecrets(t, old, err, "whsec_a")
	v.roll("whsec_a", "whsec_b")
	clock.advance(time.Minute)
	for range 2 { // the second webhook was refused with the old secrets, too
		got, err := c.RenewWebhookSecrets(t.Context(), old)
		wantSecrets(t, got, err, "whsec_a", "whsec_b")
	}
	if v.reads != 2 {
		t.Errorf("%d reads, want 2", v.reads)
	}
}

func TestForgedWebhooksCauseOneReadingInTenSeconds(t *testing.T) {
	v := &vault{}
	v.roll("whsec_a")
	c, clock := start(v)
	for range 3 * 50 { // of which the first reading serves ten seconds
		known, err := c.WebhookSecrets(t.Context())
		wantSecrets(t, known, err, "whsec_a")
		got, err := c.RenewWebhookSecrets(t.Context(), known)
		wantSecrets(t, got, err, "whsec_a")
		clock.advance(200 * time.Millisecond)
	}
	if v.reads != 3 {
		t.Errorf("%d reads in thirty seconds, want 3", v.reads)
	}
}

func TestForgedWebhooksDoNotTakeWhatIsKnownWhileSecretsManagerIsDown(t *testing.T) {
	v := &vault{}
	v.roll("whsec_a")
	c, clock := start(v)
	known, err := c.WebhookSecrets(t.Context())
	wantSecrets(t, known, err, "whsec_a")
	clock.advance(time.Minute)
	v.err = errors.New("throttled")
	if _, err := c.RenewWebhookSecrets(t.Context(), known); !errors.Is(err, v.err) {
		t.Errorf("error %v, want the cause", err)
	}
	for range 50 {
		got, err := c.WebhookSecrets(t.Context())
		wantSecrets(t, got, err, "whsec_a")
		got, err = c.RenewWebhookSecrets(t.Context(), known)
		wantSecrets(t, got, err, "whsec_a")
	}
	if v.reads != 2 {
		t.Errorf("%d reads, want 2", v.reads)
	}
}

func TestCallersDoNotShareTheirSecrets(t *testing.T) {
	v := &vault{}
	v.roll("whsec_a")
	c, _ := start(v)
	got, err := c.WebhookSecrets(t.Context())
	wantSecrets(t, got, err, "whsec_a")
	got[0] = "changed"
	got, err = c.WebhookSecrets(t.Context())
	wantSecrets(t, got, err, "whsec_a")
}
