// Package awsenv reads what the Lambda runtime and the template put into a function's environment: settings, and the AWS configuration of its clients.
//
// It stands in for the SDK's config module, whose search through files, profiles
// and metadata services costs a cold start about a third and finds nothing on Lambda.
package awsenv

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Names of variables that the Lambda runtime sets
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime).
const (
	Region       = "AWS_REGION"
	AccessKeyID  = "AWS_ACCESS_KEY_ID"
	SecretKey    = "AWS_SECRET_ACCESS_KEY"
	SessionToken = "AWS_SESSION_TOKEN"
	FunctionName = "AWS_LAMBDA_FUNCTION_NAME"
)

// EndpointURL names the variable that sends every client to another endpoint, such as a local emulator's.
const EndpointURL = "AWS_ENDPOINT_URL"

// ErrMissing is what [Require] returns, wrapped, where variables are missing.
var ErrMissing = errors.New("environment variables are missing")

// Getenv looks a variable up, as os.Getenv does: empty where it is not set.
type Getenv func(name string) string

// Values are the settings that a function asked for, by name. None is empty.
type Values map[string]string

// Require returns the values of the named variables and of those that [Config]
// needs. Where any is unset or empty, the error is ErrMissing and names all of these.
func Require(getenv Getenv, names ...string) (Values, error) {
	values := Values{}
	var missing []string
	for _, name := range slices.Concat([]string{Region, AccessKeyID, SecretKey}, names) {
		values[name] = getenv(name)
		if values[name] == "" && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrMissing, strings.Join(missing, ", "))
	}
	return values, nil
}

// The retries of a call. A queue or a caller is the outer retry, so a call gives up
// in well under a second where the service answers with errors.
const (
	maxAttempts = 3
	maxBackoff  = 200 * time.Millisecond
)

// Config returns the configuration of the clients of one function. Region and
// credentials are those of the environment; see [Require] for what has to be there.
func Config(getenv Getenv) aws.Config {
	cfg := aws.Config{
		Region:      getenv(Region),
		Credentials: credentials.NewStaticCredentialsProvider(getenv(AccessKeyID), getenv(SecretKey), getenv(SessionToken)),
		Retryer:     retryer,
		HTTPClient:  wholeBody{httpClient()},
	}
	if endpoint := getenv(EndpointURL); endpoint != "" {
		cfg.BaseEndpoint = aws.String(endpoint)
	}
	return cfg
}

func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.MaxBackoff = maxBackoff
	})
}
