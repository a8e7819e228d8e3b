package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Scope is what a shop's back end asks for.
const Scope = "orderflow/shop"

// early is how long before its end a token is renewed.
const early = time.Minute

// Credentials are a client's id and secret at the user pool.
type Credentials struct {
	ClientID string
	Secret   string
}

// ShopTokens gets tokens by client credentials (RFC 6749, section 4.4) and keeps
// the last one until shortly before it ends. It is safe for concurrent use.
type ShopTokens struct {
	url         string
	credentials func(context.Context) (Credentials, error)
	http        *http.Client
	now         func() time.Time

	mu    sync.Mutex
	token string
	until time.Time
}

// NewShopTokens returns tokens from the pool's token endpoint at address. The credentials are asked for with every new token.
func NewShopTokens(address string, credentials func(context.Context) (Credentials, error)) *ShopTokens {
	return &ShopTokens{url: address, credentials: credentials, http: newHTTP(), now: time.Now}
}

// Token returns a token that is valid for another minute.
func (s *ShopTokens) Token(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" && s.now().Before(s.until) {
		return s.token, nil
	}
	token, lifetime, err := s.fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("get a shop's token: %w", err)
	}
	s.token, s.until = token, s.now().Add(lifetime-early)
	return token, nil
}

// Forget drops token, if it is still the last one.
func (s *ShopTokens) Forget(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
}

func (s *ShopTokens) fetch(ctx context.Context) (string, time.Duration, error) {
	client, err := s.credentials(ctx)
	if err != nil {
		return "", 0, err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {Scope}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(client.ClientID), url.QueryEscape(client.Secret)) // RFC 6749, section 2.3.1
	res, err := s.http.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer res.Body.Close()
	return readToken(res)
}

func readToken(res *http.Response) (string, time.Duration, error) {
	var got struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
		Error       string `json:"error"`
	}
	err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&got)
	if res.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("the token endpoint answers %s %s", res.Status, got.Error)
	}
	if err != nil || got.AccessToken == "" {
		return "", 0, fmt.Errorf("the token endpoint's answer has no token")
	}
	return got.AccessToken, time.Duration(got.ExpiresIn) * time.Second, nil
}
