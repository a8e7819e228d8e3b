package local

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed starter.py
var starter string

const (
	loopback = "127.0.0.1"
	region   = "us-east-1"

	// readyWithin bounds the start, which takes half a second on an idle machine.
	readyWithin = 60 * time.Second
	// stopWithin is longer than the starter's own grace.
	stopWithin = 10 * time.Second
	pollEvery  = 20 * time.Millisecond
	// freePortTries bounds how often another program may snatch the free port that was found.
	freePortTries = 5
	// logTail is how much of the emulator's log an error quotes, in bytes.
	logTail = 4096
)

// emulator is a running emulator with the processes that it started, all in one process group.
type emulator struct {
	endpoint string
	// dir holds what the emulator and the deploy write; it goes away with them.
	dir      string
	process  *os.Process
	lifeline io.Closer
	exited   chan struct{}
}

func startEmulator(ctx context.Context, o Options) (*emulator, error) {
	if o.Port != 0 {
		if err := checkFree(ctx, o.Port); err != nil {
			return nil, err
		}
		return startOn(ctx, o, o.Port)
	}
	var failed error
	for range freePortTries {
		port, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		e, err := startOn(ctx, o, port)
		if err == nil || ctx.Err() != nil {
			return e, err
		}
		failed = err
	}
	return nil, failed
}

func checkFree(ctx context.Context, port int) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %s: %w: %d: stop what listens there or choose another, as in: make run PORT=%d", loopback, ErrPortTaken, port, port+100)
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", loopback, err)
	}
	return listener.Close()
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback+":0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return strconv.Atoi(port)
}

func startOn(ctx context.Context, o Options, port int) (*emulator, error) {
	dir, err := os.MkdirTemp("", "orderflow-local-")
	if err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}
	e := &emulator{
		endpoint: "http://" + net.JoinHostPort(loopback, strconv.Itoa(port)),
		dir:      dir,
		exited:   make(chan struct{}),
	}
	if err := e.launch(o, port); err != nil {
		return nil, errors.Join(fmt.Errorf("start emulator: %w", err), os.RemoveAll(dir))
	}
	if err := e.waitReady(ctx); err != nil {
		said := e.logged()
		return nil, errors.Join(fmt.Errorf("start emulator: %w%s", err, said), e.stop())
	}
	return e, nil
}

// launch starts the process group without waiting for it. The group lives outside of the terminal's, so
// that Ctrl-C reaches only the program that then stops the emulator.
func (e *emulator) launch(o Options, port int) error {
	log, err := os.Create(filepath.Join(e.dir, "emulator.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	tmp := filepath.Join(e.dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		return err
	}
	// Not bound to a context: an emulator killed by one would not clean up.
	cmd := exec.Command(python(o.Root), "-c", starter) //nolint:noctx // stop ends it
	cmd.Env = append(hostEnvironment(),
		"GUARD_DIR="+e.dir,
		"TMPDIR="+tmp,
		"GATEWAY_PORT="+strconv.Itoa(port),
		"BIND_HOST="+loopback,
		"MINISTACK_HOST="+loopback,
		"AWS_ENDPOINT_URL="+e.endpoint,
		"AUTH="+strconv.FormatBool(o.Auth),
		// The saga's retries follow at once: the emulator does not know the longest wait that the state machine
		// sets, so that the last waits would take years.
		"SFN_WAIT_SCALE=0",
		// Both would listen on ports of their own.
		"IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0",
		"LOG_LEVEL=WARNING",
	)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout, cmd.Stderr = log, log
	if e.lifeline, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	e.process = cmd.Process
	go func() {
		// It always ends by a signal of its own; what it had to say is in the log.
		_ = cmd.Wait()
		close(e.exited)
	}()
	return nil
}

func (e *emulator) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.exited:
			return errors.New("it ended at once")
		case <-poll.C:
			if healthy(ctx, e.endpoint) {
				return nil
			}
		}
	}
}

func healthy(ctx context.Context, endpoint string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/_ministack/health", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// stop ends the whole group and removes its folder. The starter does it when its standard input ends;
// the kill is for a starter that hangs.
func (e *emulator) stop() error {
	_ = e.lifeline.Close()
	select {
	case <-e.exited:
	case <-time.After(stopWithin):
		_ = syscall.Kill(-e.process.Pid, syscall.SIGKILL)
		<-e.exited
	}
	if err := os.RemoveAll(e.dir); err != nil {
		return fmt.Errorf("stop emulator: %w", err)
	}
	return nil
}

// logged returns the end of the emulator's log, on lines of its own.
func (e *emulator) logged() string {
	text, err := os.ReadFile(filepath.Join(e.dir, "emulator.log"))
	if err != nil || len(text) == 0 {
		return ""
	}
	return "\n" + strings.TrimSpace(string(text[max(0, len(text)-logTail):]))
}

// hostEnvironment is what a child needs of this process's environment. The rest stays out: the emulator
// hands its own environment on to the functions, and no shell's AWS settings may reach them.
func hostEnvironment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG", "USER"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func python(root string) string { return filepath.Join(root, ".venv", "bin", "python") }
