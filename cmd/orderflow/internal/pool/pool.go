// Package pool signs people and shops in at a stage's Cognito user pool.
package pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
)

// ErrSignIn means that the user pool knows no such user with that password.
var ErrSignIn = errors.New("unknown user or wrong password")

// Client is what Pool uses of Cognito.
type Client interface {
	DescribeUserPoolClient(context.Context, *cognito.DescribeUserPoolClientInput, ...func(*cognito.Options)) (*cognito.DescribeUserPoolClientOutput, error)
	AdminCreateUser(context.Context, *cognito.AdminCreateUserInput, ...func(*cognito.Options)) (*cognito.AdminCreateUserOutput, error)
	AdminGetUser(context.Context, *cognito.AdminGetUserInput, ...func(*cognito.Options)) (*cognito.AdminGetUserOutput, error)
	AdminSetUserPassword(context.Context, *cognito.AdminSetUserPasswordInput, ...func(*cognito.Options)) (*cognito.AdminSetUserPasswordOutput, error)
	InitiateAuth(context.Context, *cognito.InitiateAuthInput, ...func(*cognito.Options)) (*cognito.InitiateAuthOutput, error)
}

// Pool is the user pool of one stage.
type Pool struct {
	Client Client
	ID     string
}

// Shop returns the credentials of a client that has a secret.
func (p Pool) Shop(ctx context.Context, clientID string) (api.Credentials, error) {
	out, err := p.Client.DescribeUserPoolClient(ctx, &cognito.DescribeUserPoolClientInput{
		UserPoolId: aws.String(p.ID), ClientId: aws.String(clientID),
	})
	if err != nil {
		return api.Credentials{}, fmt.Errorf("read the shop's client at the user pool: %w", err)
	}
	secret := aws.ToString(out.UserPoolClient.ClientSecret)
	if secret == "" {
		return api.Credentials{}, fmt.Errorf("the shop's client %s has no secret", clientID)
	}
	return api.Credentials{ClientID: clientID, Secret: secret}, nil
}

// Customer signs a user in and returns the access token. The error is ErrSignIn where the pool says no.
func (p Pool) Customer(ctx context.Context, clientID, email, password string) (string, error) {
	out, err := p.Client.InitiateAuth(ctx, &cognito.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: aws.String(clientID),
		AuthParameters: map[string]string{"USERNAME": email, "PASSWORD": password},
	})
	if isUnknownOrWrong(err) {
		return "", ErrSignIn
	}
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	if out.AuthenticationResult == nil {
		return "", fmt.Errorf("sign in: the user pool asks for %s first", out.ChallengeName)
	}
	return aws.ToString(out.AuthenticationResult.AccessToken), nil
}

func isUnknownOrWrong(err error) bool {
	var unknown *types.UserNotFoundException
	var wrong *types.NotAuthorizedException
	return errors.As(err, &unknown) || errors.As(err, &wrong)
}

// Account is a user as the pool knows them.
type Account struct {
	Subject  string // what a token's sub says
	Created  bool   // by this call
	Password string // set by this call; empty where the user keeps the one they have
}

// Ensure makes sure that a user with this e-mail address can sign in. A user that is there already keeps the
// password, unless one is given or an earlier call stopped before it set one; where one is due and none is given,
// random makes it.
func (p Pool) Ensure(ctx context.Context, email, password string, random func() string) (Account, error) {
	account, settled, err := p.createOrGet(ctx, email)
	if err != nil {
		return Account{}, err
	}
	if settled && password == "" {
		return account, nil
	}
	if password == "" {
		password = random()
	}
	_, err = p.Client.AdminSetUserPassword(ctx, &cognito.AdminSetUserPasswordInput{
		UserPoolId: aws.String(p.ID), Username: aws.String(email), Password: aws.String(password), Permanent: true,
	})
	var weak *types.InvalidPasswordException
	if errors.As(err, &weak) {
		return Account{}, errors.New("set password: it must have 12 characters or more, with a lower-case letter, an upper-case letter and a digit")
	}
	if err != nil {
		return Account{}, fmt.Errorf("set password: %w", err)
	}
	account.Password = password
	return account, nil
}

// createOrGet reports as settled whether the user has a password of their own.
func (p Pool) createOrGet(ctx context.Context, email string) (account Account, settled bool, err error) {
	created, err := p.Client.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
		UserPoolId: aws.String(p.ID), Username: aws.String(email), MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{
			{Name: aws.String("email"), Value: aws.String(email)},
			{Name: aws.String("email_verified"), Value: aws.String("true")},
		},
	})
	var exists *types.UsernameExistsException
	if errors.As(err, &exists) {
		return p.get(ctx, email)
	}
	if err != nil {
		return Account{}, false, fmt.Errorf("create user: %w", err)
	}
	subject, err := subjectOf(created.User.Attributes)
	return Account{Subject: subject, Created: true}, false, err
}

func (p Pool) get(ctx context.Context, email string) (Account, bool, error) {
	got, err := p.Client.AdminGetUser(ctx, &cognito.AdminGetUserInput{UserPoolId: aws.String(p.ID), Username: aws.String(email)})
	if err != nil {
		return Account{}, false, fmt.Errorf("get user: %w", err)
	}
	subject, err := subjectOf(got.UserAttributes)
	return Account{Subject: subject}, got.UserStatus == types.UserStatusTypeConfirmed, err
}

func subjectOf(attributes []types.AttributeType) (string, error) {
	for _, a := range attributes {
		if aws.ToString(a.Name) == "sub" {
			return aws.ToString(a.Value), nil
		}
	}
	return "", errors.New("the user pool gives no subject")
}
