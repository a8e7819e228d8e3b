package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// createKey returns the idempotency key under which an order's intent is made: a function of the order and of the parameters
// alone, so that a redelivery finds the intent that an earlier delivery made, and other parameters never meet its key.
func createKey(id order.ID, p payment.Params, amount int64) string {
	// Marshalling strings keeps the parts apart whatever they hold, and can't fail.
	parts, _ := json.Marshal([]string{strconv.FormatInt(amount, 10), string(p.Currency), p.Customer, p.PaymentMethod})
	sum := sha256.Sum256(parts)
	return "create-" + string(id) + "-" + hex.EncodeToString(sum[:16])
}

// keySlot is how long the key behind a stored error stays the same. It is within the queue's first few visibility timeouts,
// and concurrent deliveries still mostly agree on the intent.
const keySlot = 10 * time.Second

// laterKey returns the key to use where Stripe answers createKey's with a stored 500, which it does for 24 hours
// (https://docs.stripe.com/api/idempotent_requests). It differs from one slot of time to the next, so that a 500 stored under
// it as well holds up no longer than a slot. The intent that the first call may have made all the same is stranded
// unconfirmed, and costs nothing.
func laterKey(key string, now time.Time) string {
	return key + "-" + strconv.FormatInt(now.Unix()/int64(keySlot/time.Second), 10)
}
