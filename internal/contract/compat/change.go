package compat

// Side is who breaks by a change.
type Side string

// The sides.
const (
	Nobody    Side = "nobody"
	Producers Side = "producers"
	Consumers Side = "consumers"
	Both      Side = "both"
)

// Verdict is what a change asks of the version.
type Verdict string

// The verdicts. Annotation and Minor ask for a new minor version, Breaking for a new major one.
const (
	Annotation Verdict = "annotation"
	Minor      Verdict = "minor"
	Breaking   Verdict = "breaking"
)

// Change is one difference between two schemas.
type Change struct {
	Path    string  `json:"path"`    // JSON pointer into the schema with its references followed, such as /properties/currency/enum
	What    string  `json:"what"`    // in a word or two, such as "narrowed"
	Old     string  `json:"old"`     // JSON of what is gone; of a set only those values; empty where there was nothing
	New     string  `json:"new"`     // JSON of what came; of a set only those values; empty where nothing came
	Breaks  Side    `json:"breaks"`  // who breaks
	Verdict Verdict `json:"verdict"` // what it asks for
}

// Worst returns the heaviest verdict among changes, or an empty string where there are none.
func Worst(changes []Change) Verdict {
	var worst Verdict
	for _, c := range changes {
		if weight(c.Verdict) > weight(worst) {
			worst = c.Verdict
		}
	}
	return worst
}

func weight(v Verdict) int {
	switch v {
	case Breaking:
		return 3
	case Minor:
		return 2
	case Annotation:
		return 1
	default:
		return 0
	}
}

// Compare returns what differs between two versions of the schema of an event's data, or of definitions, in order of path.
func Compare(old, latest Schema) []Change {
	c := comparison{root: old.root.library() && latest.root.library()}
	c.schema("", old.root, latest.root, scope{was: []*node{old.root}, now: []*node{latest.root}})
	return c.changes
}

// CompareRequest is [Compare] for the body of a request. Its one consumer is the service that is
// deployed together with the schema, so what breaks consumers alone breaks nobody.
func CompareRequest(old, latest Schema) []Change {
	changes := Compare(old, latest)
	for i := range changes {
		if changes[i].Breaks == Consumers {
			changes[i].Breaks, changes[i].Verdict = Nobody, Minor
		}
	}
	return changes
}
