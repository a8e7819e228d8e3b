// Package compat says who breaks when one version of a JSON Schema (2020-12) takes the place of another.
//
// A producer breaks where something it may send today is refused by the new schema.
// A consumer breaks where it may get what the old schema, by which it was written, ruled out.
// Both are judged by the fields that the old schema knew: a producer sends no others, and
// consumers ignore those that they do not know.
//
// # Rules
//
//	change                                     who breaks   verdict     because
//	narrower: type, enum, bounds, items,       producers    breaking    what they send is refused
//	  keyword added
//	wider: the same the other way round        consumers    breaking    they get values that were ruled out
//	enum wider, "x-extensible": true beside    nobody       minor       they were told that it grows
//	"x-extensible" put beside a known enum     consumers    breaking    they were not told when they were written
//	"x-extensible" taken away                  nobody       minor       less will change than they were told
//	property added, optional                   nobody       minor       consumers ignore fields they do not know
//	property added to a closed object          consumers    breaking    by the old schema they refuse such fields
//	property added that a required, enum,      both         breaking    the old schema had its say on it
//	  patternProperties … spoke of
//	property no longer described               consumers    breaking    it may now hold anything
//	  the same, in a closed object             producers    breaking    it is refused
//	required added                             producers    breaking    they may leave it out
//	required dropped                           consumers    breaking    they count on it
//	pattern, format, const, multipleOf changed both         breaking    neither is told to hold the other
//	anything under not, if, oneOf, contains    both         breaking    there narrower may mean wider
//	a keyword that is not known here           both         breaking    it cannot be judged
//	title, description, examples, x-…          nobody       annotation  they refuse nothing
//
// A closed object is one with additionalProperties or unevaluatedProperties false. References
// are followed before anything is compared, so a change is found at every place that a changed
// definition is used.
//
// The body of a request is another matter: see [CompareRequest].
package compat
