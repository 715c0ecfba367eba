package client

import (
	"net/http"
	"reflect"
)

// Transport has c send its requests by t.
func Transport(c *Client, t http.RoundTripper) { c.http.Transport = t }

// Filled returns a T with something behind each of its pointers.
func Filled[T any]() T {
	var v T
	for _, field := range reflect.ValueOf(&v).Elem().Fields() {
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
		}
	}
	return v
}
