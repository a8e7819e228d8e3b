package stack

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// LocalEndpoint is where the emulator listens unless it is told otherwise.
const LocalEndpoint = "http://127.0.0.1:4566"

// The emulator's root credentials. The access key is its account number.
const (
	localAccessKey = "000000000000"
	localSecretKey = "test"
)

const (
	defaultRegion = "us-east-1"
	maxAttempts   = 5
)

// Options say which stage is meant and how to reach it. Empty fields are taken
// from the environment, as the AWS command line does.
type Options struct {
	Stage       string
	Region      string
	Profile     string
	EndpointURL string
}

// Endpoint returns the address of the emulator, without a slash at its end, or an empty string where AWS itself is meant.
func (o Options) Endpoint(getenv func(string) string) string {
	endpoint := cmp.Or(o.EndpointURL, getenv("AWS_ENDPOINT_URL"))
	if endpoint == "" && o.Stage == Local {
		endpoint = LocalEndpoint
	}
	return strings.TrimSuffix(endpoint, "/")
}

// Config returns how to call AWS, or the emulator in its place. An endpoint on the
// loopback interface is called with the emulator's own credentials unless a profile
// is named, so that nobody's real ones are needed, or sent.
func Config(ctx context.Context, o Options, getenv func(string) string) (aws.Config, error) {
	region := cmp.Or(o.Region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"))
	endpoint := o.Endpoint(getenv)
	retryer := func() aws.Retryer {
		return retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts = maxAttempts })
	}
	if isLoopback(endpoint) && o.Profile == "" {
		return aws.Config{
			Region:       cmp.Or(region, defaultRegion),
			Credentials:  credentials.NewStaticCredentialsProvider(localAccessKey, localSecretKey, ""),
			BaseEndpoint: aws.String(endpoint),
			Retryer:      retryer,
		}, nil
	}
	conf, err := config.LoadDefaultConfig(ctx, func(l *config.LoadOptions) error {
		l.Region, l.SharedConfigProfile, l.BaseEndpoint, l.Retryer = region, o.Profile, endpoint, retryer
		return nil
	})
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	conf.Region = cmp.Or(conf.Region, defaultRegion)
	if endpoint == "" {
		conf.BaseEndpoint = nil
	}
	return conf, nil
}

func isLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
