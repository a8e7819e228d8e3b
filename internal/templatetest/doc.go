// Package templatetest holds the tests of what is deployed: serverless.yml is packaged for each stage,
// and the CloudFormation that comes out is held against the rules of the design and the catalog of events.
package templatetest
