package item_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/user"
)

func TestABrokenMarkNamesItsAttributeAndQuotesNothing(t *testing.T) {
	const secret = "ada@example.com"
	whole := item.FromMailRefusal(user.MailRefusal{Address: secret, Why: user.Bounced, At: time.Unix(0, 0)})
	for name, value := range map[string]types.AttributeValue{
		"mail_refused.address": item.Number(1),
		"mail_refused.why":     item.Text(secret),
		"mail_refused.at":      item.Text(secret),
		"mail_refused":         item.Text(secret),
	} {
		m := item.FromUser(user.User{ID: "u1", Status: user.Active, Email: secret})
		m[item.MailRefused] = value
		if part, inside := strings.CutPrefix(name, item.MailRefused+"."); inside {
			mark := maps.Clone(whole.(*types.AttributeValueMemberM).Value)
			mark[part] = value
			m[item.MailRefused] = &types.AttributeValueMemberM{Value: mark}
		}
		_, err := item.User(m)
		if !errors.Is(err, item.ErrBroken) || !strings.Contains(err.Error(), "attribute "+name+" ") || strings.Contains(err.Error(), secret) {
			t.Errorf("got error %v, want one that names %s and quotes nothing", err, name)
		}
	}
}
