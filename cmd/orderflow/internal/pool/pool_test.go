package pool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/pool"
)

// directory is a user pool in memory.
type directory struct {
	pool.Client
	users      map[string]*entry
	challenge  types.ChallengeNameType
	noSecret   bool
	failSetPwd bool
}

type entry struct{ subject, password string }

func (d *directory) attributes(e *entry) []types.AttributeType {
	return []types.AttributeType{{Name: aws.String("email"), Value: aws.String("x")}, {Name: aws.String("sub"), Value: &e.subject}}
}

func (d *directory) AdminCreateUser(_ context.Context, in *cognito.AdminCreateUserInput, _ ...func(*cognito.Options)) (*cognito.AdminCreateUserOutput, error) {
	if d.users[*in.Username] != nil {
		return nil, &types.UsernameExistsException{}
	}
	e := &entry{subject: fmt.Sprint("sub-", len(d.users)+1)}
	d.users[*in.Username] = e
	return &cognito.AdminCreateUserOutput{User: &types.UserType{Attributes: d.attributes(e)}}, nil
}

func (d *directory) AdminGetUser(_ context.Context, in *cognito.AdminGetUserInput, _ ...func(*cognito.Options)) (*cognito.AdminGetUserOutput, error) {
	e := d.users[*in.Username]
	status := types.UserStatusTypeConfirmed
	if e.password == "" {
		status = types.UserStatusTypeForceChangePassword
	}
	return &cognito.AdminGetUserOutput{UserAttributes: d.attributes(e), UserStatus: status}, nil
}

func (d *directory) AdminSetUserPassword(_ context.Context, in *cognito.AdminSetUserPasswordInput, _ ...func(*cognito.Options)) (*cognito.AdminSetUserPasswordOutput, error) {
	if d.failSetPwd {
		return nil, errors.New("network")
	}
	if len(*in.Password) < 12 {
		return nil, &types.InvalidPasswordException{}
	}
	d.users[*in.Username].password = *in.Password
	return &cognito.AdminSetUserPasswordOutput{}, nil
}

func (d *directory) InitiateAuth(_ context.Context, in *cognito.InitiateAuthInput, _ ...func(*cognito.Options)) (*cognito.InitiateAuthOutput, error) {
	e := d.users[in.AuthParameters["USERNAME"]]
	if e == nil || e.password != in.AuthParameters["PASSWORD"] {
		return nil, &types.NotAuthorizedException{}
	}
	if d.challenge != "" {
		return &cognito.InitiateAuthOutput{ChallengeName: d.challenge}, nil
	}
	return &cognito.InitiateAuthOutput{AuthenticationResult: &types.AuthenticationResultType{AccessToken: aws.String("token of " + e.subject)}}, nil
}

func (d *directory) DescribeUserPoolClient(_ context.Context, in *cognito.DescribeUserPoolClientInput, _ ...func(*cognito.Options)) (*cognito.DescribeUserPoolClientOutput, error) {
	c := &types.UserPoolClientType{ClientId: in.ClientId, ClientSecret: aws.String("secret of " + *in.ClientId)}
	if d.noSecret {
		c.ClientSecret = nil
	}
	return &cognito.DescribeUserPoolClientOutput{UserPoolClient: c}, nil
}

func newPool() (pool.Pool, *directory) {
	d := &directory{users: map[string]*entry{}}
	return pool.Pool{Client: d, ID: "pool"}, d
}

func random() string { return "Random-password-1" }

func ensure(t *testing.T, p pool.Pool, password string) pool.Account {
	t.Helper()
	a, err := p.Ensure(t.Context(), "ada@example.com", password, random)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEnsuringTwiceChangesNothing(t *testing.T) {
	p, d := newPool()
	if got, want := ensure(t, p, ""), (pool.Account{Subject: "sub-1", Created: true, Password: random()}); got != want {
		t.Errorf("first: got %+v, want %+v", got, want)
	}
	if got, want := ensure(t, p, ""), (pool.Account{Subject: "sub-1"}); got != want {
		t.Errorf("second: got %+v, want %+v", got, want)
	}
	if got := d.users["ada@example.com"].password; got != random() {
		t.Errorf("the password is now %q", got)
	}
}

func TestGivenPasswordIsSetForThoseThatAreThereToo(t *testing.T) {
	p, d := newPool()
	ensure(t, p, "")
	if got := ensure(t, p, "Another-password-2"); got.Password != "Another-password-2" || got.Created {
		t.Errorf("got %+v", got)
	}
	if got := d.users["ada@example.com"].password; got != "Another-password-2" {
		t.Errorf("the password is %q", got)
	}
}

func TestUserWithoutAPasswordGetsOneTheNextTime(t *testing.T) {
	p, d := newPool()
	d.failSetPwd = true
	if _, err := p.Ensure(t.Context(), "ada@example.com", "", random); err == nil {
		t.Fatal("a password that was not set was taken for set")
	}
	d.failSetPwd = false
	if got, want := ensure(t, p, ""), (pool.Account{Subject: "sub-1", Password: random()}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWeakPasswordSaysTheRule(t *testing.T) {
	p, _ := newPool()
	_, err := p.Ensure(t.Context(), "ada@example.com", "short", random)
	if want := "set password: it must have 12 characters or more, with a lower-case letter, an upper-case letter and a digit"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %q", err, want)
	}
}

func TestCustomerSignsIn(t *testing.T) {
	p, d := newPool()
	ensure(t, p, "")
	if got, err := p.Customer(t.Context(), "c", "ada@example.com", random()); err != nil || got != "token of sub-1" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, wrong := range [][2]string{{"ada@example.com", "x"}, {"kim@example.com", random()}} {
		if _, err := p.Customer(t.Context(), "c", wrong[0], wrong[1]); !errors.Is(err, pool.ErrSignIn) {
			t.Errorf("%s: error is %v, want ErrSignIn", wrong[0], err)
		}
	}
	d.challenge = types.ChallengeNameTypeSmsMfa
	if _, err := p.Customer(t.Context(), "c", "ada@example.com", random()); err == nil {
		t.Error("a challenge was taken for a token")
	}
}

func TestShopHasASecret(t *testing.T) {
	p, d := newPool()
	got, err := p.Shop(t.Context(), "shop")
	if err != nil || got.ClientID != "shop" || got.Secret != "secret of shop" {
		t.Errorf("got %+v, %v", got, err)
	}
	d.noSecret = true
	if _, err := p.Shop(t.Context(), "shop"); err == nil {
		t.Error("a client without a secret was taken")
	}
}
