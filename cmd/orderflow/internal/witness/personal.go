package witness

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orderflow/orderflow/internal/strictjson"
)

// forbidden are names of fields that hold personal or card data, in lower case and without what separates words.
var forbidden = []string{
	"name", "firstname", "lastname", "surname", "fullname", "givenname", "familyname", "customername", "username", "birthdate", "dateofbirth",
	"email", "emailaddress", "mail", "phone", "phonenumber", "telephone", "mobile",
	"address", "billingaddress", "shippingaddress", "deliveryaddress", "street", "city", "zip", "zipcode", "postcode", "postalcode",
	"card", "cardnumber", "cardholder", "pan", "cvc", "cvv", "iban", "accountnumber", "ip", "ipaddress", "token", "password", "secret",
}

var email = regexp.MustCompile(`[^\s@"<>]+@[^\s@"<>]+\.[A-Za-z]{2,}`)

// personal returns what looks like personal data anywhere in a JSON text, by where it stands. It goes as far as the text is JSON.
func personal(text []byte) []strictjson.Violation {
	var found []strictjson.Violation
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return found
		}
		if token.Kind() != '"' {
			continue
		}
		var detail string
		switch value := token.String(); {
		case isName(dec) && slices.Contains(forbidden, squeezed(value)):
			detail = "has the name of personal data, which no event carries"
		case email.MatchString(value):
			detail = "looks like an e-mail address, which no event carries"
		default:
			continue
		}
		found = append(found, strictjson.Violation{Pointer: string(dec.StackPointer()), Detail: detail})
	}
}

// isName reports whether the string that was read last is the name of a member: in an object, names and values take turns.
func isName(dec *jsontext.Decoder) bool {
	kind, length := dec.StackIndex(dec.StackDepth())
	return kind == '{' && length%2 == 1
}

func squeezed(name string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(name))
}
