// Package architecture holds the rules on which package may import which, as tests with the reason beside each.
package architecture
