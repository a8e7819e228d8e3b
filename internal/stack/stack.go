// Package stack finds a deployed orderflow: its addresses and the names of its parts, out of the outputs of its CloudFormation stack.
package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// ErrNotFound means that the stage is not deployed, or that its emulator does not run.
var ErrNotFound = errors.New("stage is not there")

// Local is the stage that runs on the emulator.
const Local = "local"

// Stack is what the commands need to know of a deployed stage. Every field is set.
type Stack struct {
	Stage  string
	Region string

	APIURL   string // without a slash at its end
	TokenURL string
	APIID    string

	BusName            string
	OrdersTable        string
	UsersTable         string
	PaymentsTable      string
	NotificationsTable string

	UserPoolID       string
	ShopClientID     string
	CustomerClientID string

	SagaARN string // of the state machine

	StripeBaseURL   string
	StripeSecretARN string
	MailSender      string
}

// fields maps the outputs of the deploy files to where they go.
func (s *Stack) fields() map[string]*string {
	return map[string]*string{
		"Stage": &s.Stage, "ApiId": &s.APIID, "ApiUrl": &s.APIURL, "TokenUrl": &s.TokenURL, "BusName": &s.BusName,
		"OrdersTable": &s.OrdersTable, "UsersTable": &s.UsersTable,
		"PaymentsTable": &s.PaymentsTable, "NotificationsTable": &s.NotificationsTable,
		"UserPoolId": &s.UserPoolID, "ShopClientId": &s.ShopClientID, "CustomerClientId": &s.CustomerClientID,
		"SagaArn": &s.SagaARN, "StripeBaseUrl": &s.StripeBaseURL, "StripeSecretArn": &s.StripeSecretARN, "MailSender": &s.MailSender,
	}
}

// emulatorAttempts keeps the answer short that nothing listens there.
const emulatorAttempts = 2

// Name returns the name of a stage's CloudFormation stack.
func Name(stage string) string { return "orderflow-" + stage }

// Find reads the outputs of a stage's stack. The error is ErrNotFound, with what
// to do about it, where there is no such stack or nothing answers at the endpoint.
// Where conf has an endpoint, addresses are taken to be there, whatever the outputs say.
func Find(ctx context.Context, conf aws.Config, stage string) (Stack, error) {
	client := cloudformation.NewFromConfig(conf, func(o *cloudformation.Options) {
		if conf.BaseEndpoint != nil {
			o.RetryMaxAttempts = emulatorAttempts
		}
	})
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(Name(stage))})
	if err != nil {
		return Stack{}, fmt.Errorf("find stack %s: %w", Name(stage), explain(err, conf, stage))
	}
	if len(out.Stacks) == 0 {
		return Stack{}, fmt.Errorf("find stack %s: %w", Name(stage), notDeployed(conf, stage))
	}
	s, err := read(out.Stacks[0])
	if err != nil {
		return Stack{}, fmt.Errorf("find stack %s: %w", Name(stage), err)
	}
	s.Region = conf.Region
	if endpoint := aws.ToString(conf.BaseEndpoint); endpoint != "" {
		s.APIURL = endpoint + "/_aws/execute-api/" + s.APIID + "/$default"
		s.TokenURL = endpoint + "/oauth2/token"
	}
	return s, nil
}

func read(found types.Stack) (Stack, error) {
	var s Stack
	fields := s.fields()
	for _, o := range found.Outputs {
		if field := fields[aws.ToString(o.OutputKey)]; field != nil {
			*field = strings.TrimSuffix(aws.ToString(o.OutputValue), "/")
		}
	}
	var missing []string
	for name, field := range fields {
		if *field == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return Stack{}, fmt.Errorf("it is %s and lacks the outputs %s: deploy it again", found.StackStatus, strings.Join(missing, ", "))
	}
	return s, nil
}

// explain turns CloudFormation's answer for an unknown stack, a ValidationError
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html), into ErrNotFound.
func explain(err error, conf aws.Config, stage string) error {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		if answer.ErrorCode() == "ValidationError" && strings.Contains(answer.ErrorMessage(), "does not exist") {
			return notDeployed(conf, stage)
		}
		return err
	}
	var unreachable *url.Error
	if errors.As(err, &unreachable) && conf.BaseEndpoint != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("nothing answers at %s: %w; start it with: make run", *conf.BaseEndpoint, ErrNotFound)
	}
	return err
}

func notDeployed(conf aws.Config, stage string) error {
	if conf.BaseEndpoint != nil {
		return fmt.Errorf("%w: start it with: make run", ErrNotFound)
	}
	return fmt.Errorf("%w in %s: deploy it with: make deploy STAGE=%s", ErrNotFound, conf.Region, stage)
}
