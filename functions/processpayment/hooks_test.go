package processpayment_test

import (
	"context"
	"slices"
	"sync"

	"github.com/orderflow/orderflow/functions/processpayment"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// hooked are a bench's ports with a place before each call at which something else may happen.
type hooked struct {
	*bench
	before func(call string) error // the error, if any, in place of the call

	mu    sync.Mutex
	calls []string
	lose  int // the number of the put whose answer gets lost; 0 for none
}

// losePut lets the n-th put take effect without an answer.
func (h *hooked) losePut(n int) { h.lose = n }

// hook makes the bench's stage call before ahead of each call of a port.
func (b *bench) hook(before func(call string) error) *hooked {
	h := &hooked{bench: b, before: before}
	b.stage = processpayment.New(h, h, h, b.clock.now)
	return h
}

// watch makes the bench's stage keep a list of its calls.
func (b *bench) watch() *hooked { return b.hook(func(string) error { return nil }) }

// once does something ahead of the first call of this name.
func once(name string, do func()) func(string) error {
	var done sync.Once
	return func(call string) error {
		if call == name {
			done.Do(do)
		}
		return nil
	}
}

func (h *hooked) enter(call string) error {
	h.mu.Lock()
	h.calls = append(h.calls, call)
	h.mu.Unlock()
	return h.before(call)
}

// count is how often a call was made.
func (h *hooked) count(call string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, c := range h.calls {
		if c == call {
			n++
		}
	}
	return n
}

func (h *hooked) askedProvider() bool {
	return slices.ContainsFunc(h.calls, func(c string) bool { return c != "load" && c != "put" })
}

func (h *hooked) GetWithOrders(ctx context.Context, ids []order.ID) (map[order.ID]payment.Row, map[order.ID]order.Order, error) {
	if err := h.enter("load"); err != nil {
		return nil, nil, err
	}
	return h.tables.Payments.GetWithOrders(ctx, ids)
}

func (h *hooked) Put(ctx context.Context, row payment.Row) error {
	if err := h.enter("put"); err != nil {
		return err
	}
	err := h.tables.Payments.Put(ctx, row)
	if h.count("put") == h.lose {
		return errLost
	}
	return err
}

func (h *hooked) Create(ctx context.Context, id order.ID, p payment.Params) (payment.Intent, error) {
	if err := h.enter("create"); err != nil {
		return payment.Intent{}, err
	}
	return h.stripe.Create(ctx, id, p)
}

func (h *hooked) Retrieve(ctx context.Context, id string) (payment.Intent, error) {
	if err := h.enter("retrieve"); err != nil {
		return payment.Intent{}, err
	}
	return h.stripe.Retrieve(ctx, id)
}

func (h *hooked) Confirm(ctx context.Context, id string) (payment.Intent, error) {
	if err := h.enter("confirm"); err != nil {
		return payment.Intent{}, err
	}
	return h.stripe.Confirm(ctx, id)
}

func (h *hooked) Cancel(ctx context.Context, id string) (payment.Intent, error) {
	if err := h.enter("cancel"); err != nil {
		return payment.Intent{}, err
	}
	return h.stripe.Cancel(ctx, id)
}
