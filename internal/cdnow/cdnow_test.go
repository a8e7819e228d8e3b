package cdnow_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/cdnow"
)

// all reads r to its end or first error.
func all(r io.Reader) (purchases []cdnow.Purchase, err error) {
	for p, err := range cdnow.Read(r) {
		if err != nil {
			return purchases, err
		}
		purchases = append(purchases, p)
	}
	return purchases, nil
}

func TestSampleHasItsKnownTotals(t *testing.T) {
	f, err := os.Open("data/CDNOW_sample.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	purchases, err := all(f)
	if err != nil {
		t.Fatal(err)
	}
	type totals struct {
		Rows, Customers, Free int
		Sum, Largest          int64
	}
	var got totals
	customers := map[string]bool{}
	for i, p := range purchases {
		if p.Row != i+1 {
			t.Fatalf("purchase %d has row %d", i+1, p.Row)
		}
		customers[p.Customer] = true
		got.Sum += p.Cents
		got.Largest = max(got.Largest, p.Cents)
		if p.Cents == 0 {
			got.Free++
		}
	}
	got.Rows, got.Customers = len(purchases), len(customers)
	want := totals{Rows: 6919, Customers: 2357, Free: 8, Sum: 24_409_194, Largest: 50_697}
	if got != want {
		t.Errorf("totals are %+v, want %+v", got, want)
	}
}

func TestBothFormatsAreRead(t *testing.T) {
	day := time.Date(1997, 1, 18, 0, 0, 0, 0, time.UTC)
	want := []cdnow.Purchase{{Row: 1, Customer: "00004", Date: day, Discs: 2, Cents: 2973}}
	for promise, text := range map[string]string{
		"sample":                          " 00004 0001 19970118  2   29.73\r\n",
		"complete file":                   " customer_id  date number_of_cds  dollar_value\r\n 00004 19970118  2   29.73\r\n",
		"complete file without a header":  "00004 19970118 2 29.73",
		"blank lines are no purchases":    "\n\n00004 19970118 2 29.73\n\n",
		"no line break at the end is due": " 00004 0001 19970118  2   29.73",
	} {
		t.Run(promise, func(t *testing.T) {
			got, err := all(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("-got +want\n%s", diff)
			}
		})
	}
}

func TestEmptyFileHasNoPurchases(t *testing.T) {
	got, err := all(strings.NewReader(""))
	if len(got) != 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBadLineIsNamed(t *testing.T) {
	const good = "00004 19970118 2 29.73\n"
	for promise, bad := range map[string]string{
		"columns":             "00004 19970118 2",
		"customer":            "x0004 19970118 2 29.73",
		"date":                "00004 19970230 2 29.73",
		"discs":               "00004 19970118 0 29.73",
		"one decimal":         "00004 19970118 2 29.7",
		"no decimals":         "00004 19970118 2 29",
		"negative":            "00004 19970118 2 -29.73",
		"exponent":            "00004 19970118 2 1e2.00",
		"too large for int64": "00004 19970118 2 99999999999999999999.00",
	} {
		t.Run(promise, func(t *testing.T) {
			got, err := all(strings.NewReader(good + bad + "\n" + good))
			var wrong *cdnow.Error
			if !errors.As(err, &wrong) || wrong.Line != 2 {
				t.Fatalf("error is %v, want one of line 2", err)
			}
			if len(got) != 1 {
				t.Errorf("%d purchases came before the error, want 1", len(got))
			}
		})
	}
}

func TestTruncatedGzipIsAnError(t *testing.T) {
	whole, err := os.ReadFile("data/CDNOW_sample.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all(strings.NewReader(string(whole[:len(whole)/2]))); err == nil {
		t.Error("half a file was read as if it were whole")
	}
}

// TestTheSampleShowsWhatFloatsWouldCost counts the rows on which truncating a float is a cent short, so
// that the sample stays able to tell an exact reader from another.
//
// Case: cents went through floats (react-stripe-js#408, formie#2903).
func TestTheSampleShowsWhatFloatsWouldCost(t *testing.T) {
	f, err := os.Open("data/CDNOW_sample.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	purchases, err := all(f)
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for _, p := range purchases {
		dollars, err := strconv.ParseFloat(fmt.Sprintf("%d.%02d", p.Cents/100, p.Cents%100), 64)
		if err != nil {
			t.Fatal(err)
		}
		if int64(dollars*100) != p.Cents {
			wrong++
		}
	}
	if wrong != 372 {
		t.Errorf("truncation is wrong on %d rows, want 372", wrong)
	}
}

// Case: cents went through floats (react-stripe-js#408, formie#2903, shopp#3217, cartalyst/stripe#35).
func TestCentsAreExact(t *testing.T) {
	for dollars, want := range map[string]int64{"0.00": 0, "9.95": 995, "17.99": 1799, "78.40": 7840, "5.10": 510, "506.97": 50_697} {
		if got, ok := cdnow.Cents(dollars); !ok || got != want {
			t.Errorf("Cents(%q) = %d, %t, want %d", dollars, got, ok, want)
		}
	}
}
