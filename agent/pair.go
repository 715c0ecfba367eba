package agent

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"

	"offing/agent/internal/controllers"
	"offing/tunnel"
)

// Pair lets a new controller in and returns its pairing code, which holds the
// secret and is kept nowhere here. It works whether an agent runs or not.
func Pair(cfg *Config, name string, log *slog.Logger) (code string, err error) {
	return pair(cfg, name, log, newTor)
}

func pair(cfg *Config, name string, log *slog.Logger, newOnion onionMaker) (string, error) {
	id, err := cfg.openIdentity(log, newOnion)
	if err != nil {
		return "", err
	}
	pairing, err := tunnel.NewPairing(id.onion.Address(), id.hostKey.Public().(ed25519.PublicKey))
	if err != nil {
		return "", err
	}
	folder, err := controllers.Open(cfg.controllersDir())
	if err != nil {
		return "", err
	}
	err = folder.Add(controllers.Controller{
		Name:   name,
		Login:  pairing.Login().Public().(ed25519.PublicKey),
		Client: pairing.ClientAuth().Public(),
	})
	if errors.Is(err, controllers.ErrExists) {
		return "", fmt.Errorf("%s: %w: choose another with --name, or revoke that one first: `offing-agent revoke %s`", name, err, name)
	}
	if err != nil {
		return "", err
	}
	return pairing.Code(), nil
}

// Revoke shuts a controller out. An agent that runs ends its connections within
// a second.
func Revoke(cfg *Config, name string) error {
	folder, err := controllers.Open(cfg.controllersDir())
	if err != nil {
		return err
	}
	err = folder.Remove(name)
	if errors.Is(err, controllers.ErrUnknown) {
		return fmt.Errorf("%s: %w: `offing-agent controllers` lists them", name, err)
	}
	return err
}

// Controllers returns the names of those who may log in. The error names the
// files that cannot be read, beside the names of those that can.
func Controllers(cfg *Config) ([]string, error) {
	folder, err := controllers.Open(cfg.controllersDir())
	if err != nil {
		return nil, err
	}
	list, err := folder.List()
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Name
	}
	return names, err
}
