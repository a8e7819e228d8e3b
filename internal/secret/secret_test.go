package secret_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/orderflow/orderflow/internal/secret"
)

const arn = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:stripe"

// vault holds one secret and counts its readings.
type vault struct {
	content *string
	err     error
	reads   int
}

func (v *vault) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	v.reads++
	if *in.SecretId != arn {
		return nil, errors.New("no such secret")
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: v.content}, v.err
}

func (v *vault) rotate(key string) { v.content = aws.String(`{"api_key":"` + key + `"}`) }

type clock struct{ time.Time }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) advance(d time.Duration) { c.Time = c.Add(d) }
func start(v *vault) (*secret.Credentials, *clock) {
	c := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return secret.New(v, arn, c.now), c
}

func wantKey(t *testing.T, get func() (string, error), want string) {
	t.Helper()
	if got, err := get(); got != want || err != nil {
		t.Errorf("key %q, %v, want %q", got, err, want)
	}
}

func TestKeyIsReadOnceInFiveMinutes(t *testing.T) {
	v := &vault{}
	v.rotate("sk_1")
	k, c := start(v)
	key := func() (string, error) { return k.Key(t.Context()) }
	wantKey(t, key, "sk_1")
	v.rotate("sk_2")
	c.advance(secret.Lifetime - time.Second)
	wantKey(t, key, "sk_1")
	if v.reads != 1 {
		t.Errorf("%d reads, want 1", v.reads)
	}
	c.advance(time.Second)
	wantKey(t, key, "sk_2")
}

func TestRefusedKeyIsReadAgain(t *testing.T) {
	v := &vault{}
	v.rotate("sk_1")
	k, c := start(v)
	wantKey(t, func() (string, error) { return k.Key(t.Context()) }, "sk_1")
	v.rotate("sk_2")
	c.advance(time.Minute)
	renew := func() (string, error) { return k.Renew(t.Context(), "sk_1") }
	wantKey(t, renew, "sk_2")
	wantKey(t, renew, "sk_2") // another record of the batch was refused too
	if v.reads != 2 {
		t.Errorf("%d reads, want 2", v.reads)
	}
}

func TestKeyThatStaysRefusedIsNotReadAtEveryCall(t *testing.T) {
	v := &vault{}
	v.rotate("sk_1")
	k, c := start(v)
	for range 50 {
		wantKey(t, func() (string, error) { return k.Key(t.Context()) }, "sk_1")
		wantKey(t, func() (string, error) { return k.Renew(t.Context(), "sk_1") }, "sk_1")
	}
	if v.reads != 1 {
		t.Errorf("%d reads, want 1", v.reads)
	}
	c.advance(10 * time.Second)
	wantKey(t, func() (string, error) { return k.Renew(t.Context(), "sk_1") }, "sk_1")
	if v.reads != 2 {
		t.Errorf("%d reads, want 2", v.reads)
	}
}

func TestFailedReadingIsTriedAgain(t *testing.T) {
	v := &vault{err: errors.New("throttled")}
	k, _ := start(v)
	if _, err := k.Key(t.Context()); !errors.Is(err, v.err) || !strings.Contains(err.Error(), arn) {
		t.Errorf("error %v, want the cause and the secret's name", err)
	}
	v.err = nil
	v.rotate("sk_1")
	wantKey(t, func() (string, error) { return k.Key(t.Context()) }, "sk_1")
}

func TestSecretOfAnotherFormIsRefusedAndNotQuoted(t *testing.T) {
	for _, content := range []*string{
		nil, aws.String(""), aws.String("sk_live_bare"), aws.String(`{"api_key":""}`), aws.String(`{"key":"sk_live_bare"}`),
		aws.String(`{"api_key":7}`), aws.String(`{"api_key":"sk_live_bare"`), aws.String(`{"api_key":"sk_live_bare","api_key":"b"}`),
		aws.String(`{"webhook_secrets":["whsec_bare"]}`), aws.String(`{"api_key":"sk_1","webhook_secrets":["whsec_bare",""]}`),
		aws.String(`{"api_key":"sk_1","webhook_secrets":"whsec_bare"}`), aws.String(`{"api_key":"sk_1","webhook_secrets":[]}`),
		aws.String(`{"api_key":"sk_1","webhook_secrets":null}`), aws.String(`{"api_key":"sk_1","webhook_secrets":[7]}`),
	} {
		c, _ := start(&vault{content: content})
		_, err := c.Key(t.Context())
		_, err2 := c.WebhookSecrets(t.Context())
		for _, err := range []error{err, err2} {
			if !errors.Is(err, secret.ErrForm) || strings.Contains(err.Error(), "bare") {
				t.Errorf("%s: error %v, want ErrForm without the content", aws.ToString(content), err)
			}
		}
	}
}

func TestWhoNeedsOnlyTheKeyNeedsNoWebhookSecrets(t *testing.T) {
	v := &vault{}
	v.rotate("sk_1")
	c, _ := start(v)
	wantKey(t, func() (string, error) { return c.Key(t.Context()) }, "sk_1")
	if got, err := c.WebhookSecrets(t.Context()); !errors.Is(err, secret.ErrForm) || got != nil {
		t.Errorf("webhook secrets %v, %v, want ErrForm", got, err)
	}
	for _, field := range []string{"api_key", "webhook_secrets"} {
		if !strings.Contains(secret.ErrForm.Error(), field) {
			t.Errorf("%q does not name %s", secret.ErrForm, field)
		}
	}
}
