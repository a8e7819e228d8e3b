// Package secret reads the payment provider's API key from AWS Secrets Manager and keeps it for a few minutes.
package secret

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/orderflow/orderflow/internal/strictjson"
)

const (
	// Lifetime is how long a key is used before it is read again.
	Lifetime = 5 * time.Minute
	// settle is how soon after a reading a refused key is not yet read again. An outage of the key would
	// otherwise double every call with one to Secrets Manager.
	settle = 10 * time.Second
)

// ErrForm means that the secret is not a JSON object with an api_key.
var ErrForm = errors.New(`secret is not {"api_key": "…"}`)

// Reader is the call of Secrets Manager that is needed here; *secretsmanager.Client is one.
type Reader interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, options ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// APIKey is an API key in a secret of the form {"api_key": "…"}. It is safe for concurrent use; readers that
// come while it is read wait for that reading.
type APIKey struct {
	reader Reader
	arn    string
	now    func() time.Time

	mu     sync.Mutex
	key    string
	readAt time.Time
}

// New returns the key in the secret with this ARN. Nothing is read yet.
func New(reader Reader, arn string, now func() time.Time) *APIKey {
	return &APIKey{reader: reader, arn: arn, now: now}
}

// Key returns the key, at most Lifetime old. The error is ErrForm or Secrets Manager's.
func (k *APIKey) Key(ctx context.Context) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != "" && k.now().Sub(k.readAt) < Lifetime {
		return k.key, nil
	}
	return k.read(ctx)
}

// Renew returns the key after the provider refused one. It reads the secret again, unless that was done
// since: the key it knows is another one, or only seconds old.
func (k *APIKey) Renew(ctx context.Context, refused string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != "" && (k.key != refused || k.now().Sub(k.readAt) < settle) {
		return k.key, nil
	}
	return k.read(ctx)
}

// read replaces the key. A failure leaves none, so that the next call reads again.
func (k *APIKey) read(ctx context.Context) (string, error) {
	k.key = ""
	out, err := k.reader.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &k.arn})
	if err != nil {
		return "", fmt.Errorf("read secret %s: %w", k.arn, err)
	}
	var content struct {
		APIKey string `json:"api_key"`
	}
	if out.SecretString == nil {
		return "", fmt.Errorf("read secret %s: %w", k.arn, ErrForm)
	}
	if err := strictjson.Decode([]byte(*out.SecretString), &content, strictjson.Ignore); err != nil || content.APIKey == "" {
		return "", fmt.Errorf("read secret %s: %w", k.arn, ErrForm)
	}
	k.key, k.readAt = content.APIKey, k.now()
	return k.key, nil
}
