package release_test

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/internal/contract/release"
	"github.com/orderflow/orderflow/schemas"
)

func catalog() []release.Version { return release.Versions(events.Catalog()) }

// copied is the folder schemas/ with a few of the examples, for a test to change.
func copied(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(schemas.Files(), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !kept(file) {
			return err
		}
		text, err := fs.ReadFile(schemas.Files(), file)
		files[file] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 60 {
		t.Fatalf("got %d files, want schemas, examples and their frozen copies", len(files))
	}
	list := strings.SplitAfter(string(files["released/SHA256SUMS"].Data), "\n")
	list = slices.DeleteFunc(list, func(line string) bool { return !kept(strings.TrimSpace(line)) })
	files["released/SHA256SUMS"] = &fstest.MapFile{Data: []byte(strings.Join(list, ""))}
	return files
}

func kept(file string) bool {
	return !strings.Contains(file, "examples/") || slices.Contains([]string{"minimal.json", "full.json", "required-status.json"}, path.Base(file))
}

// replace changes the text of a file, which must hold what is replaced.
func replace(t *testing.T, files fstest.MapFS, file, old, latest string) {
	t.Helper()
	f, ok := files[file]
	if !ok || !bytes.Contains(f.Data, []byte(old)) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	files[file] = &fstest.MapFile{Data: bytes.Replace(f.Data, []byte(old), []byte(latest), 1)}
}

// wantFound checks that what is found is what is wanted and nothing else: each begins with a file and a path, and holds all other parts.
func wantFound(t *testing.T, got []release.Finding, want ...[]string) {
	t.Helper()
	for _, f := range got {
		line := f.String()
		i := slices.IndexFunc(want, func(parts []string) bool {
			return strings.HasPrefix(line, parts[0]) && !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) })
		})
		if i < 0 {
			t.Errorf("got finding %s", line)
			continue
		}
		want = slices.Delete(want, i, i+1)
		if f.Wrong == "" || f.Do == "" {
			t.Errorf("%+v lacks what is wrong or what to do", f)
		}
	}
	for _, w := range want {
		t.Errorf("nothing found like %q", w)
	}
}

func TestTheSchemasAndTheirReleasesAgree(t *testing.T) {
	for _, f := range release.Check(schemas.Files(), catalog()) {
		t.Error(f)
	}
}

// The list of sums cannot tell of a version that went together with its lines.
func TestWhatTheFirstReleaseHeldIsStillReleased(t *testing.T) {
	var got []string
	for _, r := range schemas.Released() {
		got = append(got, r.Folder())
	}
	for _, want := range []string{
		"OrderCancelRequested.v1.0", "OrderRecorded.v1.0", "OrderRejected.v1.0", "OrderUpdated.v1.0", "OrderVerified.v1.0",
		"PaymentDisputed.v1.0", "PaymentFailed.v1.0", "PaymentProcessed.v1.0", "PaymentRefundFailed.v1.0", "PaymentRefunded.v1.0",
		"PlaceOrder.v1.0", "definitions.v1.0",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("got %v, want %s among them", got, want)
		}
	}
}

func TestEveryReleasedExampleIsStillValidOrInvalid(t *testing.T) {
	v, err := contract.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, r := range schemas.Released() {
		for _, ex := range r.Examples(schemas.Valid) {
			checked++
			if findings, err := v.Validate(r.Schema(), ex.Text); err != nil || len(findings) > 0 {
				t.Errorf("%s %s: got %v %v, want it valid by today's schema", r.Folder(), ex.Name, findings, err)
			}
		}
	}
	if checked < 60 {
		t.Errorf("checked %d examples, want at least 60", checked)
	}
}

func TestEveryWayPastAVersionIsFound(t *testing.T) {
	const updated, defs = "OrderUpdated.v1.json", "definitions.v1.json"
	raise := func(t *testing.T, files fstest.MapFS, file, name, to string) {
		replace(t, files, file, `"$id": "urn:orderflow:`+name+`:1.0"`, `"$id": "urn:orderflow:`+name+":"+to+`"`)
	}
	note := func(t *testing.T, files fstest.MapFS) {
		replace(t, files, updated, `"properties": {`, `"properties": {"note": {"type": "string"},`)
	}
	tighten := func(t *testing.T, files fstest.MapFS) {
		replace(t, files, updated, `"required": [`, `"required": ["reason",`)
	}
	for _, row := range []struct {
		promise string
		change  func(*testing.T, fstest.MapFS)
		want    [][]string
	}{
		{"property added under the same version", note, [][]string{
			{"schemas/OrderUpdated.v1.json /properties/note: property added", "under the same $id", "raise $id to urn:orderflow:OrderUpdated:1.1, and the type's Minor in events/catalog.go"},
		}},
		{"property added with a new minor", func(t *testing.T, files fstest.MapFS) {
			note(t, files)
			raise(t, files, updated, "OrderUpdated", "1.1")
		}, [][]string{
			{"events/catalog.go OrderUpdated.v1 Minor: says 1.0, and $id in schemas/OrderUpdated.v1.json says 1.1"},
		}},
		{"minor left out", func(t *testing.T, files fstest.MapFS) {
			note(t, files)
			raise(t, files, updated, "OrderUpdated", "1.2")
		}, [][]string{
			{"schemas/OrderUpdated.v1.json /$id: leaves a gap", "write urn:orderflow:OrderUpdated:1.1"},
			{"events/catalog.go OrderUpdated.v1 Minor"},
		}},
		{"breaking change under the same version", tighten, [][]string{
			{"schemas/OrderUpdated.v1.json /required: narrowed (nothing → \"reason\") since the released 1.0, which breaks producers", "schemas/OrderUpdated.v2.json with $id urn:orderflow:OrderUpdated:2.0"},
		}},
		{"breaking change with a new minor", func(t *testing.T, files fstest.MapFS) {
			tighten(t, files)
			raise(t, files, updated, "OrderUpdated", "1.1")
		}, [][]string{
			{"schemas/OrderUpdated.v1.json /required: narrowed", "schemas/OrderUpdated.v2.json"},
			{"events/catalog.go OrderUpdated.v1 Minor"},
		}},
		{"new major over the old one", func(t *testing.T, files fstest.MapFS) {
			tighten(t, files)
			raise(t, files, updated, "OrderUpdated", "2.0")
		}, [][]string{{"schemas/OrderUpdated.v1.json /$id: is \"urn:orderflow:OrderUpdated:2.0\""}}},
		{"old major taken away", func(_ *testing.T, files fstest.MapFS) {
			delete(files, updated)
		}, [][]string{
			{"schemas/OrderUpdated.v1.json: is gone, and its version was released", "copy schemas/released/OrderUpdated.v1.0/schema.json there"},
			{"events/catalog.go OrderUpdated.v1: has no schema"},
		}},
		{"white space", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, updated, "{", "{ ")
		}, [][]string{{"schemas/OrderUpdated.v1.json: its text differs from the released 1.0", "copy schemas/released/OrderUpdated.v1.0/schema.json over it"}}},
		{"description under the same version", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, updated, "status changed.", "status is another.")
		}, [][]string{{"schemas/OrderUpdated.v1.json /description: changed", "raise $id"}}},
		{"definition narrowed", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, defs, `"maximum": 99999999`, `"maximum": 9999`)
		}, [][]string{
			{"schemas/definitions.v1.json /$defs/amount/maximum: changed (99999999 → 9999)", "which breaks producers"},
			{"schemas/definitions.v1.json /$defs/item/properties/unit_amount/maximum"},
			{"schemas/definitions.v1.json /$defs/items/items/properties/unit_amount/maximum"},
		}},
		{"currency taken away", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, defs, `"EUR",`, ``)
		}, [][]string{{"schemas/definitions.v1.json /$defs/currency/enum: narrowed (\"EUR\" → nothing)", "which breaks producers"}}},
		{"currency added under the same version", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, defs, `"EUR",`, `"EUR", "EUX",`)
		}, [][]string{{"schemas/definitions.v1.json /$defs/currency/enum: widened (nothing → \"EUX\")", "raise $id to urn:orderflow:definitions:1.1, and give every schema that is to refer to it a new version"}}},
		{"values let go with a new minor", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, updated, `"$ref": "urn:orderflow:definitions:1.0#/$defs/reason"`, `"type": "string"`)
			raise(t, files, updated, "OrderUpdated", "1.1")
		}, [][]string{
			{"schemas/OrderUpdated.v1.json /properties/reason/pattern: removed", "which breaks consumers"},
			{"events/catalog.go OrderUpdated.v1 Minor"},
		}},
		{"definitions raised without those that refer to them", func(t *testing.T, files fstest.MapFS) {
			raise(t, files, defs, "definitions", "1.1")
			for _, file := range slices.Sorted(maps.Keys(files)) {
				if file != updated && file != defs && !strings.Contains(file, "/") {
					delete(files, file)
				}
			}
		}, func() [][]string {
			want := [][]string{{"schemas/OrderUpdated.v1.json: cannot be judged: at \"/properties/amount/$ref\": refers to urn:orderflow:definitions:1.0, which no schema has", "new minor version"}}
			for _, name := range schemas.Names() {
				if name != schemas.Definitions && name != "OrderUpdated.v1" {
					want = append(want, []string{"schemas/" + name + ".json: is gone"})
				}
				if name != schemas.Definitions && name != "OrderUpdated.v1" && name != schemas.PlaceOrder {
					want = append(want, []string{"events/catalog.go " + name + ": has no schema"})
				}
			}
			return want
		}()},
		{"request that takes more", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, "PlaceOrder.v1.json", `"properties": {`, `"properties": {"note": {"type": "string"},`)
			raise(t, files, "PlaceOrder.v1.json", "PlaceOrder", "1.1")
		}, nil},
		{"request that takes less", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, "PlaceOrder.v1.json", `"required": [`, `"required": ["order_id",`)
			raise(t, files, "PlaceOrder.v1.json", "PlaceOrder", "1.1")
		}, [][]string{{"schemas/PlaceOrder.v1.json /required: narrowed", "which breaks producers"}}},
		{"frozen schema edited", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, "released/OrderUpdated.v1.0/schema.json", "status changed.", "status is another.")
			files[updated] = files["released/OrderUpdated.v1.0/schema.json"]
		}, [][]string{{"schemas/released/OrderUpdated.v1.0/schema.json: was edited", "git checkout -- schemas/released/OrderUpdated.v1.0/schema.json"}}},
		{"frozen example removed", func(_ *testing.T, files fstest.MapFS) {
			delete(files, "released/OrderUpdated.v1.0/examples/valid/full.json")
		}, [][]string{{"schemas/released/OrderUpdated.v1.0/examples/valid/full.json: is gone"}}},
		{"frozen version removed", func(_ *testing.T, files fstest.MapFS) {
			maps.DeleteFunc(files, func(file string, _ *fstest.MapFile) bool { return strings.HasPrefix(file, "released/PlaceOrder.v1.0/") })
			lines := strings.SplitAfter(string(files["released/SHA256SUMS"].Data), "\n")
			lines = slices.DeleteFunc(lines, func(l string) bool {
				return strings.Contains(l, "PlaceOrder") && !strings.Contains(l, "schema.json")
			})
			files["released/SHA256SUMS"] = &fstest.MapFile{Data: []byte(strings.Join(lines, ""))}
		}, [][]string{
			{"schemas/released/PlaceOrder.v1.0/schema.json: is gone"},
		}},
		{"list of sums removed", func(_ *testing.T, files fstest.MapFS) {
			maps.DeleteFunc(files, func(file string, _ *fstest.MapFile) bool { return strings.HasPrefix(file, "released/") })
		}, [][]string{{"schemas/released: nothing is released"}, {"schemas/released/SHA256SUMS: cannot be read"}, {"schemas/released: cannot be read"}}},
		{"line that is no sum", func(_ *testing.T, files fstest.MapFS) {
			f := files["released/SHA256SUMS"]
			files["released/SHA256SUMS"] = &fstest.MapFile{Data: append(slices.Clone(f.Data), "<<<<<<<\n"...)}
		}, [][]string{{"schemas/released/SHA256SUMS: has a line that is none of sha256sum's"}}},
		{"version released by hand", func(_ *testing.T, files fstest.MapFS) {
			text := bytes.Replace(files[updated].Data, []byte("OrderUpdated:1.0"), []byte("OrderUpdated:1.2"), 1)
			files["released/OrderUpdated.v1.2/schema.json"] = &fstest.MapFile{Data: text}
		}, [][]string{
			{"schemas/released/OrderUpdated.v1.2/schema.json: is not listed in schemas/released/SHA256SUMS"},
			{"schemas/released/OrderUpdated.v1.2: comes after 1.0, with a gap"},
			{"schemas/OrderUpdated.v1.json /$id: goes back to 1.0 behind the released 1.2"},
		}},
		{"released example removed", func(_ *testing.T, files fstest.MapFS) {
			delete(files, "examples/OrderUpdated.v1/invalid/required-status.json")
		}, [][]string{{"schemas/examples/OrderUpdated.v1/invalid/required-status.json: is gone, and was released with 1.0", "copy schemas/released/OrderUpdated.v1.0/examples/invalid/required-status.json there"}}},
		{"released example changed", func(t *testing.T, files fstest.MapFS) {
			replace(t, files, "examples/OrderUpdated.v1/valid/full.json", "{", "{ ")
		}, [][]string{{"schemas/examples/OrderUpdated.v1/valid/full.json: differs from what was released"}}},
		{"new type that begins at 1.1", func(_ *testing.T, files fstest.MapFS) {
			files["OrderPacked.v1.json"] = &fstest.MapFile{Data: []byte(`{"$id": "urn:orderflow:OrderPacked:1.1"}`)}
		}, [][]string{
			{"schemas/OrderPacked.v1.json /$id: is 1.1, and no version of major 1 is released"},
			{"schemas/OrderPacked.v1.json: no type in events/catalog.go"},
		}},
		{"major left out", func(_ *testing.T, files fstest.MapFS) {
			files["OrderUpdated.v3.json"] = &fstest.MapFile{Data: []byte(`{"$id": "urn:orderflow:OrderUpdated:3.0"}`)}
		}, [][]string{
			{"schemas/OrderUpdated.v3.json: major version 2 is not there"},
			{"schemas/OrderUpdated.v3.json: no type in events/catalog.go"},
		}},
	} {
		t.Run(row.promise, func(t *testing.T) {
			files := copied(t)
			row.change(t, files)
			wantFound(t, release.Check(files, catalog()), row.want...)
		})
	}
}
