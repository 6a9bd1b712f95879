// Needs nothing but the standard library.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

var issuer = os.Args[1] // Ringfence's BASE_URL

type Claims struct {
	Iss, Aud, Sub, Sid, Email string
	IsVerified                bool
	Nbf, Exp                  int64
}

// Keys fetches the public keys, by their ids. Keep them for five minutes.
func Keys() (map[string]ed25519.PublicKey, error) {
	answer, err := http.Get(issuer + "/.well-known/jwks.json")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var set struct{ Keys []struct{ Kid, Alg, X string } }
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		return nil, err
	}
	keys := map[string]ed25519.PublicKey{}
	for _, key := range set.Keys {
		if x, err := base64.RawURLEncoding.DecodeString(key.X); err == nil &&
			key.Alg == "EdDSA" && len(x) == ed25519.PublicKeySize {
			keys[key.Kid] = x
		}
	}
	return keys, nil
}

// Check returns what the access token says, if it is good.
func Check(token string, keys map[string]ed25519.PublicKey) (claims Claims, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims, errors.New("not a JWT")
	}
	var header struct{ Alg, Typ, Kid string }
	if err := part(parts[0], &header); err != nil {
		return claims, err
	}
	key, known := keys[header.Kid]
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !known || header.Alg != "EdDSA" || header.Typ != "at+jwt" ||
		!ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature) {
		return claims, errors.New("not one of Ringfence's tokens")
	}
	if err := part(parts[1], &claims); err != nil {
		return claims, err
	}
	now := time.Now().Unix()
	if claims.Iss != issuer || claims.Aud != issuer || now < claims.Nbf || now >= claims.Exp {
		return claims, errors.New("not for us, or not now")
	}
	return claims, nil
}

func part(text string, into any) error {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(bytes, into)
}

func main() {
	keys, err := Keys()
	if err == nil {
		var claims Claims
		if claims, err = Check(os.Args[2], keys); err == nil {
			fmt.Printf("%+v\n", claims)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
