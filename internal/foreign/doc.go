// Package foreign holds what other people wrote against our code, as tests alone: the sample events of aws-lambda-go, which every
// function is handed as if they were its own, and the rules of specifications that several of our packages have to read alike.
package foreign
