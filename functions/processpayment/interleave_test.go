package processpayment_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/order"
)

// schedules calls run with every order in which actors can take turns. It returns how many there were.
func schedules(run func(next func(running int) (int, fate))) int {
	var choices, widths []int
	for n := 1; ; n++ {
		step := 0
		widths = widths[:0]
		run(func(running int) (int, fate) {
			if step == len(choices) {
				choices = append(choices, 0)
			}
			widths = append(widths, running)
			step++
			return choices[step-1], well
		})
		choices = choices[:step]
		for step > 0 && choices[step-1] == widths[step-1]-1 {
			step--
		}
		if step == 0 {
			return n
		}
		choices = choices[:step]
		choices[step-1]++
	}
}

func TestTwoDeliveriesInEveryOrderOfTheirCallsChargeOnce(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		opened bool // the row is OPEN already; else there is none
	}{
		"charged":            {"pm_card_visa", false},
		"processing":         {"pm_usBankAccount_success", false},
		"refused":            {"pm_unknown", false},
		"declined once open": {"pm_card_chargeDeclined", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, runs := newBench(), 0
			n := schedules(func(next func(int) (int, fate)) {
				runs++
				in := verified(t, b.place(t, order.ID(fmt.Sprint("o", runs)), 1999, "EUR"), c.method)
				if c.opened {
					b.opened(t, in)
				}
				first, second := b.delivery(t, in), b.delivery(t, in)
				interleave([]*actor{first, second}, next)
				b.quiet(t, in, first, second)
			})
			if n < 20 {
				t.Errorf("only %d orders of calls", n)
			}
			t.Logf("%d orders of calls", n)
		})
	}
}

func TestDeliveryAndCancellationInEveryOrderOfTheirCallsAgree(t *testing.T) {
	for _, method := range []string{"pm_card_visa", "pm_card_chargeDeclined", "pm_usBankAccount_success"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b, runs := newBench(), 0
			n := schedules(func(next func(int) (int, fate)) {
				runs++
				o := b.place(t, order.ID(fmt.Sprint("o", runs)), 1999, "EUR")
				in := verified(t, o, method)
				delivery, saga := b.delivery(t, in), b.resolve(t, o.ID)
				interleave([]*actor{delivery, saga}, next)
				b.quiet(t, in, delivery)
			})
			if n < 10 {
				t.Errorf("only %d orders of calls", n)
			}
			t.Logf("%d orders of calls", n)
		})
	}
}

func TestWhateverFailsWhereverMoneyMovesOnce(t *testing.T) {
	b, runs := newBench(), 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		o := b.place(t, order.ID(fmt.Sprint("o", runs)), 1999, "EUR")
		in := verified(t, o, rapid.SampledFrom([]string{
			"pm_card_visa", "pm_card_chargeDeclined", "pm_card_authenticationRequired", "pm_usBankAccount_success",
			"pm_usBankAccount_accountClosed", "pm_unknown",
		}).Draw(t, "method"))
		var actors []*actor
		for range rapid.IntRange(1, 3).Draw(t, "deliveries") {
			actors = append(actors, b.delivery(t, in))
		}
		if rapid.Bool().Draw(t, "cancelled") {
			actors = append(actors, b.resolve(t, o.ID))
		}
		fates := rapid.SampledFrom([]fate{well, well, well, well, well, lostBefore, lostAfter, dies, diesBefore})
		interleave(actors, func(running int) (int, fate) {
			return rapid.IntRange(0, running-1).Draw(t, "next"), fates.Draw(t, "fate")
		})
		b.quiet(t, in, actors...)
	})
}
