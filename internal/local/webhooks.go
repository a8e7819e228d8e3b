package local

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// webhookPath is payment-webhook's, behind the API's address.
const webhookPath = "/webhooks/stripe"

// credentials is the payment provider's secret, as the functions read it.
type credentials struct {
	APIKey         string   `json:"api_key"`
	WebhookSecrets []string `json:"webhook_secrets"`
}

// joinWebhooks puts a new signing secret into the deploy, and tells the payment provider's stand-in where webhooks go and what to sign them with.
func (r *Run) joinWebhooks(ctx context.Context, tell func(url, secret string) error) error {
	if tell == nil {
		return nil
	}
	signing := "whsec_" + rand.Text()
	value, err := json.Marshal(credentials{APIKey: "sk_test_local", WebhookSecrets: []string{signing}})
	if err != nil {
		return err
	}
	_, err = secretsmanager.NewFromConfig(r.Config).PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &r.Stack.StripeSecretARN, SecretString: aws.String(string(value)),
	})
	if err != nil {
		return fmt.Errorf("store the webhook's secret: %w", err)
	}
	if err := tell(r.Stack.APIURL+webhookPath, signing); err != nil {
		return fmt.Errorf("tell the provider of the webhook: %w", err)
	}
	return nil
}
