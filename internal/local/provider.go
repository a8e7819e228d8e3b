package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// provider serves the payment provider's stand-in on a free port of its own.
type provider struct {
	url    string
	server *http.Server
	ended  chan error
}

func serve(ctx context.Context, h http.Handler) (*provider, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback+":0")
	if err != nil {
		return nil, fmt.Errorf("serve the payment provider's stand-in: %w", err)
	}
	p := &provider{
		url:    "http://" + listener.Addr().String(),
		server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second},
		ended:  make(chan error, 1),
	}
	go func() { p.ended <- p.server.Serve(listener) }()
	return p, nil
}

// stop ends every connection, also those on which the stand-in plays at not answering.
func (p *provider) stop() error {
	err := p.server.Close()
	if ended := <-p.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
