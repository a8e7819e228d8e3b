package stripesandbox

import (
	"sync/atomic"
	"time"
)

// aheadClock is a clock that can be moved ahead of another.
type aheadClock struct {
	base  func() time.Time
	ahead atomic.Int64 // nanoseconds
}

func (c *aheadClock) now() time.Time { return c.base().Add(time.Duration(c.ahead.Load())) }

func (c *aheadClock) advance(d time.Duration) { c.ahead.Add(int64(d)) }
