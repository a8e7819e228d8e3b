// Package secret reads the payment provider's API key and webhook secrets from AWS Secrets Manager and keeps them for a few minutes.
package secret

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/orderflow/orderflow/internal/strictjson"
)

const (
	// Lifetime is how long what was read is used before it is read again.
	Lifetime = 5 * time.Minute
	// settle is how soon after a reading nothing is read again because of a refusal. An outage of the key, or somebody who
	// sends forged webhooks, would otherwise double every call with one to Secrets Manager.
	settle = 10 * time.Second
)

// ErrForm means that the secret is not a JSON object with an api_key and, where webhook secrets are asked for, some webhook_secrets.
var ErrForm = errors.New(`secret is not {"api_key": "…", "webhook_secrets": ["…"]}`)

// Reader is the call of Secrets Manager that is needed here; *secretsmanager.Client is one.
type Reader interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, options ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Credentials are an API key and webhook secrets in a secret of the form {"api_key": "…", "webhook_secrets": ["…", …]}, of which
// webhook_secrets may be left out where nobody asks for them. One reading serves both. They are safe for concurrent use; those
// who ask while the secret is read wait for that reading.
type Credentials struct {
	reader Reader
	arn    string
	now    func() time.Time

	mu      sync.Mutex
	known   content
	readAt  time.Time // of known
	triedAt time.Time // of the last reading, failed or not
}

// content is what the secret says. The zero content stands for none.
type content struct {
	APIKey         string   `json:"api_key"`
	WebhookSecrets []string `json:"webhook_secrets,omitempty"`
}

func (c content) valid() bool { return c.APIKey != "" && !slices.Contains(c.WebhookSecrets, "") }

// New returns the credentials in the secret with this ARN. Nothing is read yet.
func New(reader Reader, arn string, now func() time.Time) *Credentials {
	return &Credentials{reader: reader, arn: arn, now: now}
}

// Key returns the API key, at most Lifetime old. The error is ErrForm or Secrets Manager's.
func (c *Credentials) Key(ctx context.Context) (string, error) {
	known, err := c.current(ctx)
	return known.APIKey, err
}

// Renew returns the API key after the provider refused one. It reads the secret again, unless that was done
// since: the key it knows is another one, or the last reading only seconds ago.
func (c *Credentials) Renew(ctx context.Context, refused string) (string, error) {
	known, err := c.renew(ctx, func(known content) bool { return known.APIKey == refused })
	return known.APIKey, err
}

// WebhookSecrets returns the webhook secrets, at least one and at most Lifetime old. The error is ErrForm or Secrets Manager's.
func (c *Credentials) WebhookSecrets(ctx context.Context) ([]string, error) {
	known, err := c.current(ctx)
	return c.webhookSecrets(known, err)
}

// RenewWebhookSecrets returns the webhook secrets after a signature was by none of refused. When it
// reads the secret again is as for Renew, so that forged webhooks cause one reading in many.
func (c *Credentials) RenewWebhookSecrets(ctx context.Context, refused []string) ([]string, error) {
	known, err := c.renew(ctx, func(known content) bool { return slices.Equal(known.WebhookSecrets, refused) })
	return c.webhookSecrets(known, err)
}

// webhookSecrets returns a copy, since all callers share what is known.
func (c *Credentials) webhookSecrets(known content, err error) ([]string, error) {
	if err == nil && len(known.WebhookSecrets) == 0 {
		err = fmt.Errorf("read secret %s: %w", c.arn, ErrForm)
	}
	if err != nil {
		return nil, err
	}
	return slices.Clone(known.WebhookSecrets), nil
}

func (c *Credentials) current(ctx context.Context) (content, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh() {
		return c.known, nil
	}
	return c.read(ctx)
}

func (c *Credentials) renew(ctx context.Context, refused func(content) bool) (content, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh() && (!refused(c.known) || c.now().Sub(c.triedAt) < settle) {
		return c.known, nil
	}
	return c.read(ctx)
}

func (c *Credentials) fresh() bool {
	return c.known.APIKey != "" && c.now().Sub(c.readAt) < Lifetime
}

// read replaces what is known. A failure leaves it as it was: what one caller finds refused may serve the next.
func (c *Credentials) read(ctx context.Context) (content, error) {
	c.triedAt = c.now()
	out, err := c.reader.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &c.arn})
	if err != nil {
		return content{}, fmt.Errorf("read secret %s: %w", c.arn, err)
	}
	var read content
	if out.SecretString == nil {
		return content{}, fmt.Errorf("read secret %s: %w", c.arn, ErrForm)
	}
	if err := strictjson.Decode([]byte(*out.SecretString), &read, strictjson.Ignore); err != nil || !read.valid() {
		return content{}, fmt.Errorf("read secret %s: %w", c.arn, ErrForm)
	}
	c.known, c.readAt = read, c.triedAt
	return c.known, nil
}
