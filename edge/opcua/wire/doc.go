// Package wire decodes the responses of OPC UA servers (Part 6, 5.2), which may be broken or hostile.
//
// gopcua's decoder panics on a negative array length, overflows the stack on nested Variants and takes memory for whatever length it is told;
// nobody can recover from the latter two. So nothing goes into it that Decode has not walked through first. What a server can do with bytes is
// thereby an error of one request.
package wire
