// SPDX-License-Identifier: Apache-2.0
// A program with a library of its own.
int main() {
}
